"""The page for its tests, and runs written by hand: without torch, an engine or training."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import strategies as st
from streamlit.components.v2 import manifest_scanner
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime import context
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.testing.v1.element_tree import ElementTree

from app import live_results, visitor
from app.charts.style import uid
from app.components.refresh import Part
from app.settings import DREAMERS, LATENT_DIMS, MAX_CYCLES, MAX_EPOCHS, MAX_IMAGES, SEEDS, SETTINGS
from core import jobs
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.queue import entries
from core.queue.engine_state import EngineState, publish
from core.queue.paths import engine_folder, engine_lock_file
from core.runs.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    Scores,
    StageEvaluated,
    StageStarted,
    WeightsUsed,
)
from core.runs.folder import RunFolder, RunRecord, find_run, runs_dir
from core.runs.log import RunLog
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.support import environment
from core.support.locks import acquire
from tools.sample_runs import cues, dreams, recalled

SECRET = "0123456789abcdef" * 2
OWNER = visitor.name_of(SECRET)

RUN = "20260102-030405-0a1b2c"
OTHER = "20260102-030405-ffffff"

Errors = float | tuple[float, ...]  # of one seed, or of each


def scores(errors: Errors) -> Scores:
    """One dataset's scores with these reconstruction errors.

    The recall error is 10 worse, and its accuracy falls with the error.
    """
    each = errors if isinstance(errors, tuple) else (errors,)
    images = np.zeros((len(each), 3), dtype=np.float32)
    accuracies = tuple(1 - error / 784 for error in each)
    return Scores(3, each, tuple(error + 10 for error in each), accuracies, images, images)


def night(
    old: Sequence[Errors],
    new: Sequence[Errors],
    config: RunConfig | None = None,
    *,
    whole: bool = True,
    pictures: bool = False,
) -> list[Event]:
    """A night's events whose errors after each cycle are these, index 0 before the night.

    It ends with `NightDone` if it is ``whole``, else in the middle of the cycle after the last.
    """
    seeds = len(old[0]) if isinstance(old[0], tuple) else 1
    config = config or RunConfig(num_cycles=2, total_eps=4, seeds=tuple(range(seeds)))
    cycles = hypnogram(config)
    events: list[Event] = [
        night_started(config),
        *([cues()] if pictures else []),
        StageEvaluated(0, "before", scores(old[0]), scores(new[0])),
        *([recalled(0, seeds)] if pictures else []),
    ]
    for number, errors in enumerate(zip(old[1:], new[1:], strict=True), start=1):
        for stage, epochs in cycles[number - 1].stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            events += [dreams(number, seeds, config.num)] if stage.value == "REM" else []
            for epoch in range(1, epochs + 1):
                losses = [(loss,) * seeds for loss in (100.0, 90.0, 10.0)]
                events.append(EpochDone(number, stage.value, epoch, *losses))
            events.append(StageEvaluated(number, stage.value, *map(scores, errors)))
        events += [recalled(number, seeds)] if pictures else []
        events.append(CycleDone(number))
    if whole:
        events.append(NightDone(12.3))
    elif len(old) <= len(cycles):
        stage, epochs = cycles[len(old) - 1].stages[0]
        events.append(StageStarted(len(old), stage.value, epochs, epochs * config.num))
    return events


def night_started(config: RunConfig) -> NightStarted:
    """The beginning of a night of ``config``."""
    return NightStarted(
        config.to_dict(),
        hypnogram(config),
        SPLITS[config.split].dataset_1,
        SPLITS[config.split].dataset_2,
        WeightsUsed("cached", "vae.safetensors", "0" * 64),
        "cpu",
        1,
        {},
    )


def state(*nights: Any, **how: Any) -> RunState:
    """Where a run is after the events of `night`, which takes the same arguments."""
    return fold(RunState(), night(*nights, **how))


def write(events: list[Event], config: RunConfig | None = None, *, run_id: str = RUN) -> RunFolder:
    """Write a run whose log holds ``events``, and whose night's config is theirs if not given.

    It belongs to the visitor whose browser keeps `SECRET`.
    """
    if config is None:
        nights = [event for event in events if isinstance(event, NightStarted)]
        config = RunConfig.from_dict(nights[0].config) if nights else RunConfig()
    folder = RunFolder(runs_dir() / run_id)
    folder.path.mkdir(parents=True)
    folder.write_record(RunRecord(run_id, "2026-01-02T03:04:05+00:00", OWNER, 1, config, {}))
    with RunLog(folder.path) as log:
        for event in events:
            log.append(event)
    return folder


def half() -> RunFolder:
    """A run in the middle of its second and last cycle."""
    return write(night([60, 70], [600, 300], whole=False))


def done() -> RunFolder:
    """A run that is over, with pictures."""
    return write(night([100, 150, 200], [500, 300, 180], pictures=True))


def no_engine(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no engine start, and runs lie in a folder of the test's own."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(outputs))
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)
    monkeypatch.setattr(jobs.client, "keep_engine", lambda: None)
    comes(monkeypatch, SECRET)
    # With each new page Streamlit looks for components in all that is installed: 0.2 s, in vain.
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@dataclass(frozen=True)
class Connection:
    """What a browser's connection tells the server."""

    cookies: dict[str, str]
    remote_ip: str | None
    headers: list[tuple[str, str]]


def comes(
    monkeypatch: pytest.MonkeyPatch,
    secret: str | None,
    ip: str | None = "127.0.0.1",
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Let all pages from now on be those of a browser that keeps ``secret``; None: no cookie."""
    cookies = {} if secret is None else {visitor.COOKIE: secret}
    connection = Connection(cookies, ip, list(headers))
    monkeypatch.setattr(context, "_get_client_context", lambda: connection)


def no_example(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `no_engine`, and a page without the recorded example; all lies in ``folder``."""
    no_engine(folder / "outputs", monkeypatch)
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(folder / "gallery"))


@dataclass(frozen=True)
class Timers:
    """The seconds until the next drawing, as the status line and the results told with each."""

    poll: list[float | None] = field(default_factory=list)
    beat: list[float | None] = field(default_factory=list)


def timers_of(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """The timers of all pages from now on."""
    found = Timers()
    repeat = live_results.repeat

    def noted(draw: Callable[[], float | None], *, key: Part, **how: Any) -> None:
        def once() -> float | None:
            after_s = draw()
            if key != "night":
                getattr(found, key).append(after_s)
            return after_s

        repeat(once, key=key, **how)

    monkeypatch.setattr(live_results, "refreshing", noted)
    return found


def wanted() -> list[RunConfig]:
    """The nights that are asked for, in their order."""
    return [find_run(entry.run).record().config for entry in entries.read_all()]


@contextmanager
def asleep(folder: RunFolder) -> Iterator[None]:
    """As if a worker slept the run."""
    entries.add(folder.id, "tester")
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(**told: Any) -> Iterator[None]:
    """As if an engine served the outputs folder, and had said this."""
    engine_folder().mkdir(parents=True, exist_ok=True)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        publish(EngineState(**told))
        yield


def open_page(run: str | None = None, **address: str) -> AppTest:
    """The page at an address, drawn once. The test must see to it that no engine starts.

    An engine is started by `core.jobs.keep_engine`.
    """
    page = AppTest.from_file(str(environment.PROJECT / "app" / "main.py"), default_timeout=60)
    if run is not None:
        page.query_params["run"] = run
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def tick(page: AppTest) -> None:
    """Let the status line ask for its next drawing, as its timer does.

    What is not drawn is not in ``page`` then: all else, unless there is more to be seen of it.
    """
    with asked_again(page):
        _draw_part(page, "poll")


def play_tick(page: AppTest) -> None:
    """Draw only the results, as the timer of a play does, or a hand on what is in them."""
    _draw_part(page, "beat")


def _draw_part(page: AppTest, part: Part) -> None:
    (fragment,) = page._fragment_storage._ids_by_target_key[part]
    only = partial(RerunData, fragment_id=fragment)
    with mock.patch.object(local_script_runner, "RerunData", only):
        page.run()
    assert not page.exception


@contextmanager
def asked_again(page: AppTest) -> Iterator[None]:
    """As if the status line of ``page`` asked for what is drawn, with the widgets as they stand."""
    poll = page.get_by_key("poll").proto.id
    told = ElementTree.get_widget_states

    def with_that(tree: ElementTree) -> WidgetStates:
        states = told(tree)
        value = json.dumps({"event": "again", "value": 0})
        states.widgets.add(id=f"$$STREAMLIT_INTERNAL_KEY_{poll}__events", json_trigger_value=value)
        return states

    with mock.patch.object(ElementTree, "get_widget_states", with_that):
        yield


def is_drawn(page: AppTest, key: str) -> bool:
    """Whether what has this key is in ``page`` as it was drawn last."""
    try:
        return page.get_by_key(key) is not None
    except KeyError:
        return False


def address_of(page: AppTest) -> dict[str, str]:
    """The page's address, name by name."""
    return {name: str(value) for name, value in page.query_params.items()}


def text_of(page: Any) -> str:
    """All that the page, or a container in it, says in sentences."""
    shown = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(element.value.replace("\\", "") for element in shown)


def html_of(page: AppTest, key: str) -> str:
    """The HTML of the container with this key."""
    return "\n".join(element.value for element in page.get_by_key(key).html)


def statuses_of(page: AppTest) -> list[str]:
    """The words for a run's status that the page's status line holds."""
    words = re.findall(
        r"\b(queued|running|done|stopped|failed|interrupted)\b",
        text_of(page.get_by_key("run_status")).lower(),
    )
    return [str(word) for word in words]


def figure_of(page: AppTest, key: str) -> dict[str, Any]:
    """What Plotly is to draw in the chart with this key."""
    sent = page.get_by_key(f"{key}_figure").proto
    found: dict[str, Any] = json.loads(json.loads(sent.json)["figure"])
    return found


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the traces that Plotly is to draw."""
    (found,) = [each for each in figure["data"] if each["uid"] == uid(name)]
    return dict(found)


def buttons_of(page: AppTest) -> set[str]:
    """The keys of the page's buttons that can be pressed."""
    return {str(button.key) for button in page.button if not button.disabled}


def dial_values() -> st.SearchStrategy[dict[str, int | float | str]]:
    """Where the dials may stand: each where its widget lets it, together a night."""
    share = st.integers(0, 200).map(lambda halves: halves / 2)
    choices: dict[str, st.SearchStrategy[Any]] = {
        "data": st.sampled_from(list(SOURCES)),
        "split": st.sampled_from(list(SPLITS)),
        "total_eps": st.integers(1, MAX_EPOCHS),
        "num_cycles": st.integers(1, MAX_CYCLES),
        "rem_start": share,
        "rem_end": share,
        "num": st.integers(1, MAX_IMAGES),
        "seeds": st.sampled_from(SEEDS),
        "dreamer": st.sampled_from(list(DREAMERS)),
        "latent_dim": st.sampled_from(LATENT_DIMS),
        "lr": st.integers(1, 10_000).map(lambda steps: steps / 100_000),
        "mask": st.sampled_from(list(MASKS)),
        "mask_fraction": share,
    }
    assert list(choices) == list(SETTINGS)
    nights = st.fixed_dictionaries(choices)
    return nights.filter(lambda values: values["num_cycles"] <= values["total_eps"])
