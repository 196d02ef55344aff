"""Runs that earlier versions recorded (`tests.assets.record`) give the same results as then."""

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
from tests.assets.record import RUNS, results
from tests.conftest import comparable, events_of_type
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import RECORDED_RUNS, copy_recorded_run, load_arrays

every_schema = pytest.mark.parametrize("recorded", RECORDED_RUNS, ids=lambda path: path.parent.name)


def expected(recorded: Path) -> Any:
    return json.loads((recorded.parent / "expected.json").read_text("utf-8"))


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


def test_every_schema_has_a_recorded_run() -> None:
    schemas = [f"schema-{number}" for number in range(1, SCHEMA + 1)]
    assert sorted(folder.name for folder in RUNS.iterdir()) == schemas
    assert [path.parent.name for path in RECORDED_RUNS] == schemas


@every_schema
def test_a_recorded_run_was_stopped_and_resumed_and_is_done(recorded: Path) -> None:
    events = RunReader(recorded).read()
    assert {type(event) for event in events} == {
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
    resumed = [type(event) for event in events].index(NightResumed)
    assert events_of_type(events[:resumed], DreamsMade)[-1].cycle == 2  # this cycle runs again
    assert events_of_type(events, NightResumed)[0].cycle == 1


@every_schema
def test_a_recorded_run_gives_exactly_the_recorded_results(recorded: Path) -> None:
    old, new = expected(recorded), results(recorded)
    assert new["events"] == old["events"]
    assert new["losses"] == old["losses"]
    assert new["arrays"] == old["arrays"]
    # A later version may add results, but not remove or change any.
    assert includes(new["result"], old["result"])


def includes(new: Any, old: Any) -> bool:
    if isinstance(old, dict):
        return all(name in new and includes(new[name], value) for name, value in old.items())
    return comparable(new) == comparable(old)


@every_schema
def test_a_repeated_cycle_has_the_same_values(recorded: Path) -> None:
    events = RunReader(recorded).read()
    resumed = [type(event) for event in events].index(NightResumed)
    for kind in (EpochDone, StageEvaluated, DreamsMade):
        first, repeated = (
            [
                comparable(load_arrays(event))
                for event in events_of_type(attempt, kind)
                if event.cycle == 2
            ]
            for attempt in (events[:resumed], events[resumed:])
        )
        assert first
        assert first == repeated[: len(first)]


@every_schema
def test_a_recorded_run_is_listed_and_shown(recorded: Path, outputs: Path) -> None:
    folder = copy_recorded_run(recorded)
    assert jobs.runs() == [recorded.name]
    now = jobs.state(recorded.name)
    assert (now.status, now.active, now.problem) == ("done", False, None)
    assert (now.state.phase, now.state.cycle, now.state.progress) == ("done", 2, 1.0)
    followed = list(jobs.follow(recorded.name))
    assert comparable(followed) == comparable(RunReader(folder.path).read())
    assert comparable(fold(RunState(), followed)) == comparable(now.state)
    record = folder.record()
    assert now.state.night is not None
    assert record.run == recorded.name
    assert record.config.to_dict() == now.state.night.config
    assert record.device == now.state.night.device
    assert len(hypnogram(record.config)) == len(now.state.night.cycles) == 2


@every_schema
def test_a_recorded_run_is_small(recorded: Path) -> None:
    files = [path for path in recorded.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    assert {path.name for path in recorded.iterdir()} == {"arrays", "config.json", "events.jsonl"}
