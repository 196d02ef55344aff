"""Logs with valid checksums and impossible events: shown whole or reported in one sentence.

Checksums detect damage, but not a log that another program wrote.
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
from core.cli.results import result_sentences
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
from tests.conftest import events_of_type
from tools.sample_runs import EVENTS, OTHER_RUN, RUN, assert_sentence, create_run, night_events

Line = tuple[dict[str, Any], dict[str, Any]]  # the JSON values of an event, and its arrays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """The run whose log is invalid; the outputs folder has another run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        create_run(OTHER_RUN, EVENTS)
        yield create_run(RUN, EVENTS)


CONFIG = RunConfig(seeds=(3, 5), num_cycles=2, total_eps=4, num=2)
SAMPLE_CONFIG = RunConfig.from_dict(events_of_type(EVENTS, NightStarted)[0].config)
NUMBERS = [0, -1, 2, 99, 10**30, 0.5, -0.5, 5e-324, 1e-300, 1e300, 784.0, 1e38]
TEXTS = ["", "NREM", "REM", "before", "LSD"]
VALUES: list[Any] = [*NUMBERS, *TEXTS, None, True, [], {}, [0.5], [0.5, 0.5]]


def lines_of(events: Iterable[Event]) -> list[Line]:
    """Return the JSON values and the arrays of each event."""
    encoded = (encode(event) for event in events)
    return [(json.loads(json.dumps(line)), arrays) for line, arrays in encoded]


@st.composite
def invalid_lines(draw: st.DrawFn) -> list[Line]:
    """Draw the lines of a night with lines removed, duplicated, moved or changed."""
    lines = lines_of(draw(st.sampled_from(NIGHTS)))
    del lines[draw(st.integers(1, len(lines))) :]
    for _ in range(draw(st.integers(0, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["remove", "duplicate", "move", *["change"] * 3]))
        if kind == "change":
            line, arrays = lines[index]
            lines[index] = (draw(with_another_value(line)), arrays)
            continue
        line = lines[index] if kind == "duplicate" else lines.pop(index)
        if kind != "remove" or not lines:
            lines.insert(draw(st.integers(0, len(lines))), line)
    return lines


@st.composite
def with_another_value(draw: st.DrawFn, line: dict[str, Any]) -> dict[str, Any]:
    """Draw ``line`` with another value in one of its fields, at any depth."""
    line = json.loads(json.dumps(line))
    inner: Any = line
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = draw(st.sampled_from(keys))
        is_container = isinstance(inner[key], (dict, list)) and len(inner[key])
        if not is_container or draw(st.integers(0, 3)) == 0:
            inner[key] = draw(st.sampled_from(VALUES))
            return line
        inner = inner[key]


def write_lines(folder: RunFolder, lines: list[Line]) -> None:
    """Write ``lines`` as the log of a run, with valid checksums and their arrays."""
    crc, texts = 0, []
    for number, (line, arrays) in enumerate(lines):
        name = f"{number:06d}.npz"
        if arrays:
            write_arrays(folder.path / "arrays" / name, **arrays)
        text, crc = add_checksum({**line, **({"arrays": name} if arrays else {})}, crc)
        texts.append(f"{text}\n")
    (folder.path / LOG).write_text("".join(texts))


def show_everything(run_id: str) -> None:
    """Compute everything that the page, the command line and the export show of a run."""
    follower = Follower(run_id)
    now = show_numbers(follower)
    json.dumps(run_details(follower.folder, now), allow_nan=False)
    write_zip(follower.folder, io.BytesIO())


def show_numbers(follower: Follower) -> Snapshot:
    """Compute all values, charts and images that the page shows of a run."""
    now = follower.update()
    state = now.state
    compared = (ComparedRun("yours", "Yours", state), ComparedRun("other", "The other", state))
    moment = PageSnapshot(now, now, condition_of(CONFIG, CONFIG), (CONFIG, CONFIG))
    assert status_text.status_line(moment) is not None
    assert 0 <= moment.progress <= 1
    for cycle in range(state.finished_cycles + 1):
        score(state, cycle)
        for strip in strips(compared, cycle):
            for row in strip.rows:
                images = image_strip.load_images(row.array)
                image_strip.encode_row(images if row.index is None else images[row.index])
        for measure in get_args(Measure):
            json.dumps(measure_chart(compared, measure, "", cycle), allow_nan=False)
        json.dumps(loss_chart(compared, "", cycle), allow_nan=False)
    what_happened(compared)
    json.dumps(dream_chart(dream_content(state), max(compared[0].cycles, 1), ""), allow_nan=False)
    for table in (tables.measures_table, tables.losses_table, tables.dreams_table):
        table(compared)
    result_sentences(state)
    return now


NIGHTS = [
    night_events(CONFIG, pretraining=1),
    EVENTS,
    [
        *night_events(CONFIG)[:-2],
        NightStopped(),
        NightResumed(1, {}),
        *night_events(CONFIG)[night_events(CONFIG).index(CycleDone(1)) + 1 :],
    ],
]


@settings(max_examples=300)
@given(lines=invalid_lines(), with_record=st.booleans())
def test_an_invalid_log_with_valid_checksums_is_shown_whole_or_reported_in_one_sentence(
    folder: RunFolder, lines: list[Line], with_record: bool
) -> None:
    nights = [line["config"] for line, _ in lines if line.get("kind") == "NightStarted"]
    use_config(folder, SAMPLE_CONFIG if nights and nights[0] == SAMPLE_CONFIG.to_dict() else CONFIG)
    if not with_record:
        folder.record_file.write_text("{}")
    write_lines(folder, lines)
    problem = log_problem(folder)
    if problem is not None:
        assert "\n" not in problem
        now = Follower(folder.id).update()
        assert (now.status, str(now.problem)) == ("failed", problem)
    elif with_record:
        show_everything(folder.id)
    else:
        show_numbers(Follower(folder.id))
    assert Follower(OTHER_RUN).update().status == "done"


def log_problem(folder: RunFolder) -> str | None:
    """Return why the log cannot be read; None if it can."""
    try:
        RunReader(folder.path).read()
    except LogError as error:
        assert_sentence(error, f"{folder.path / LOG}, line ")
        return str(error)
    return None


def use_config(folder: RunFolder, config: RunConfig) -> None:
    when = "2026-01-02T03:04:05+00:00"
    folder.write_record(RunRecord(folder.id, when, "alice", 1, config, {}))


@pytest.mark.parametrize("night", NIGHTS, ids=["pre-trained", "every kind of event", "resumed"])
def test_a_valid_night_is_shown_whole(folder: RunFolder, night: list[Event]) -> None:
    use_config(folder, RunConfig.from_dict(events_of_type(night, NightStarted)[0].config))
    write_lines(folder, lines_of(night))
    show_everything(folder.id)
