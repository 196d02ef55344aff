"""Logs that are well sealed and that no run has told: shown whole, or one sentence, never a fault.

The file's checksums do not help here: whoever makes a log up seals it as well.
"""

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import status_text
from app.charts.dreams import dream_chart
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.conditions import condition_of
from app.snapshot import PageSnapshot
from app.view_data import image_strip, tables
from app.view_data.compared_runs import ComparedRun
from app.view_data.dreams import dream_content
from app.view_data.filmstrip import strips
from app.view_data.scores import score, what_happened
from app.view_data.series import Measure
from core.cli.results import in_words
from core.jobs import Follower, Snapshot
from core.jobs.run_table import run_details
from core.runs.codec import encode
from core.runs.events import CycleDone, Event, NightResumed, NightStarted, NightStopped
from core.runs.export import write_zip
from core.runs.folder import RunFolder, RunRecord
from core.runs.log import LOG, RunReader
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum
from core.support.errors import LogError
from core.support.files import write_arrays
from tests.conftest import of_kind
from tools.sample_runs import EVENTS, OTHER, RUN, assert_sentence, made_night, put_run

Line = tuple[dict[str, Any], dict[str, Any]]  # an event as it is written, and its arrays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """The run whose log is made up, with a neighbour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        put_run(OTHER, EVENTS)
        yield put_run(RUN, EVENTS)


CONFIG = RunConfig(seeds=(3, 5), num_cycles=2, total_eps=4, num=2)
ALONE = RunConfig.from_dict(of_kind(EVENTS, NightStarted)[0].config)
HUGE = [0, -1, 2, 99, 10**30, 0.5, -0.5, 5e-324, 1e-300, 1e300, 784.0, 1e38]
ODD: list[Any] = [*HUGE, "", "NREM", "REM", "before", "LSD", None, True, [], {}, [0.5], [0.5, 0.5]]


def lines_of(events: Iterable[Event]) -> list[Line]:
    """Each event as it is written: its JSON values, and its arrays."""
    found = (encode(event) for event in events)
    return [(json.loads(json.dumps(line)), arrays) for line, arrays in found]


@st.composite
def made_up(draw: st.DrawFn) -> list[Line]:
    """The lines of a night, some of them lost, doubled, moved, or with another value."""
    lines = lines_of(draw(st.sampled_from(NIGHTS)))
    del lines[draw(st.integers(1, len(lines))) :]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["lose", "double", "move", "change", "change", "change"]))
        if kind == "change":
            line, arrays = lines[place]
            lines[place] = (draw(with_another_value(line)), arrays)
            continue
        line = lines[place] if kind == "double" else lines.pop(place)
        if kind != "lose" or not lines:
            lines.insert(draw(st.integers(0, len(lines))), line)
    return lines


@st.composite
def with_another_value(draw: st.DrawFn, line: dict[str, Any]) -> dict[str, Any]:
    """``line`` with one of its values, however deep, another."""
    line = json.loads(json.dumps(line))
    inner: Any = line
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = draw(st.sampled_from(keys))
        deeper = isinstance(inner[key], (dict, list)) and len(inner[key])
        if not deeper or draw(st.integers(0, 3)) == 0:
            inner[key] = draw(st.sampled_from(ODD))
            return line
        inner = inner[key]


def seal_all(folder: RunFolder, lines: list[Line]) -> None:
    """Write ``lines`` as the log of a run, sealed, with their arrays."""
    crc, texts = 0, []
    for number, (line, arrays) in enumerate(lines):
        name = f"{number:06d}.npz"
        if arrays:
            write_arrays(folder.path / "arrays" / name, **arrays)
        text, crc = add_checksum({**line, **({"arrays": name} if arrays else {})}, crc)
        texts.append(f"{text}\n")
    (folder.path / LOG).write_text("".join(texts))


def show_everything(run_id: str) -> None:
    """All that the page, the command line and the export make of a run."""
    follower = Follower(run_id)
    now = show_numbers(follower)
    json.dumps(run_details(follower.folder, now), allow_nan=False)
    write_zip(follower.folder, io.BytesIO())


def show_numbers(follower: Follower) -> Snapshot:
    """What the page makes of a run's numbers and pictures."""
    now = follower.update()
    state = now.state
    arms = (ComparedRun("mine", "Mine", state), ComparedRun("other", "The other", state))
    moment = PageSnapshot(now, now, condition_of(CONFIG, CONFIG), (CONFIG, CONFIG))
    assert status_text.status_line(moment) is not None
    assert 0 <= moment.progress <= 1
    for cycle in range(state.finished + 1):
        score(state, cycle)
        for strip in strips(arms, cycle):
            for row in strip.rows:
                images = image_strip.load_images(row.array)
                image_strip.encode_row(images if row.index is None else images[row.index])
        for measure in get_args(Measure):
            json.dumps(measure_chart(arms, measure, "", cycle), allow_nan=False)
        json.dumps(loss_chart(arms, "", cycle), allow_nan=False)
    what_happened(arms)
    json.dumps(dream_chart(dream_content(state), max(arms[0].cycles, 1), ""), allow_nan=False)
    for table in (tables.measures_table, tables.losses_table, tables.dreams_table):
        table(arms)
    in_words(state)
    return now


NIGHTS = [
    made_night(CONFIG, pretraining=1),
    EVENTS,
    [
        *made_night(CONFIG)[:-2],
        NightStopped(),
        NightResumed(1, {}),
        *made_night(CONFIG)[made_night(CONFIG).index(CycleDone(1)) + 1 :],
    ],
]


@settings(max_examples=300)
@given(lines=made_up(), with_record=st.booleans())
def test_a_made_up_log_that_is_well_sealed_is_shown_whole_or_is_one_sentence(
    folder: RunFolder, lines: list[Line], with_record: bool
) -> None:
    nights = [line["config"] for line, _ in lines if line.get("kind") == "NightStarted"]
    use_config(folder, ALONE if nights and nights[0] == ALONE.to_dict() else CONFIG)
    if not with_record:
        folder.record_file.write_text("{}")
    seal_all(folder, lines)
    found = problem(folder)
    if found is not None:
        assert "\n" not in found
        now = Follower(folder.id).update()
        assert (now.status, str(now.problem)) == ("failed", found)
    elif with_record:
        show_everything(folder.id)
    else:
        show_numbers(Follower(folder.id))
    assert Follower(OTHER).update().status == "done"


def problem(folder: RunFolder) -> str | None:
    """Why the log cannot be read, in a sentence."""
    try:
        RunReader(folder.path).read()
    except LogError as error:
        assert_sentence(error, f"{folder.path / LOG}, line ")
        return str(error)
    return None


def use_config(folder: RunFolder, config: RunConfig) -> None:
    when = "2026-01-02T03:04:05+00:00"
    folder.write_record(RunRecord(folder.id, when, "somebody", 1, config, {}))


@pytest.mark.parametrize("night", NIGHTS, ids=["pre-trained", "of every kind", "resumed"])
def test_a_night_that_was_not_made_up_is_shown_whole(folder: RunFolder, night: list[Event]) -> None:
    use_config(folder, RunConfig.from_dict(of_kind(night, NightStarted)[0].config))
    seal_all(folder, lines_of(night))
    show_everything(folder.id)
