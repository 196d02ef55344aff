"""Nights recorded by earlier versions (see `tests.assets.record`): shown for ever as they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.runs.events import (
    CycleDone,
    DreamsMade,
    EpochDone,
    NightDone,
    NightResumed,
    NightStarted,
    NightStopped,
    StageEvaluated,
    StageStarted,
)
from core.runs.folder import SCHEMA
from core.runs.log import RunReader
from core.runs.state import RunState, fold
from core.schedule.hypnogram import hypnogram
from tests.assets.record import RUNS, numbers
from tests.conftest import of_kind, plain
from tests.helpers.engines import own_outputs
from tools.sample_runs import RECORDED, loaded, put_recorded

every_night = pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.parent.name)


def expected(recorded: Path) -> Any:
    return json.loads((recorded.parent / "expected.json").read_text("utf-8"))


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def test_there_is_a_night_of_every_schema() -> None:
    schemas = [f"schema-{number}" for number in range(1, SCHEMA + 1)]
    assert sorted(folder.name for folder in RUNS.iterdir()) == schemas
    assert [path.parent.name for path in RECORDED] == schemas


@every_night
def test_a_recorded_night_was_stopped_and_resumed_and_is_done(recorded: Path) -> None:
    told = RunReader(recorded).read()
    assert {type(event) for event in told} == {
        NightStarted,
        StageStarted,
        EpochDone,
        StageEvaluated,
        DreamsMade,
        CycleDone,
        NightStopped,
        NightResumed,
        NightDone,
    }
    resumed = [type(event) for event in told].index(NightResumed)
    assert of_kind(told[:resumed], DreamsMade)[-1].cycle == 2  # all of that is slept again
    assert of_kind(told, NightResumed)[0].cycle == 1


@every_night
def test_a_recorded_night_comes_to_the_very_numbers_it_came_to_then(recorded: Path) -> None:
    then, now = expected(recorded), numbers(recorded)
    assert now["events"] == then["events"]
    assert now["losses"] == then["losses"]
    assert now["arrays"] == then["arrays"]
    # A later version may tell more of a night, and never less or anything else.
    assert within(now["result"], then["result"])


def within(now: Any, then: Any) -> bool:
    if isinstance(then, dict):
        return all(name in now and within(now[name], value) for name, value in then.items())
    return plain(now) == plain(then)


@every_night
def test_what_was_slept_again_came_out_the_same(recorded: Path) -> None:
    told = RunReader(recorded).read()
    resumed = [type(event) for event in told].index(NightResumed)
    for kind in (EpochDone, StageEvaluated, DreamsMade):
        first, again = (
            [plain(loaded(event)) for event in of_kind(part, kind) if event.cycle == 2]
            for part in (told[:resumed], told[resumed:])
        )
        assert first
        assert first == again[: len(first)]


@every_night
def test_a_recorded_night_is_listed_and_shown(recorded: Path, outputs: Path) -> None:
    folder = put_recorded(recorded)
    assert jobs.runs() == [recorded.name]
    now = jobs.state(recorded.name)
    assert (now.status, now.active, now.problem) == ("done", False, None)
    assert (now.state.phase, now.state.cycle, now.state.progress) == ("done", 2, 1.0)
    followed = list(jobs.follow(recorded.name))
    assert plain(followed) == plain(RunReader(folder.path).read())
    assert plain(fold(RunState(), followed)) == plain(now.state)
    record = folder.record()
    assert now.state.night is not None
    assert record.run == recorded.name
    assert record.config.to_dict() == now.state.night.config
    assert record.device == now.state.night.device
    assert len(hypnogram(record.config)) == len(now.state.night.cycles) == 2


@every_night
def test_a_recorded_night_takes_little_room(recorded: Path) -> None:
    files = [path for path in recorded.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    assert {path.name for path in recorded.iterdir()} == {"arrays", "config.json", "events.jsonl"}
