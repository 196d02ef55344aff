"""`core.engine.run_execution`: the threads of a run, and a run whose files are deleted."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.engine import run_execution as module
from core.engine.run_execution import execute_run
from core.queue import entries
from core.runs.events import CycleDone, Event, NightStarted
from core.runs.folder import new_run
from core.schedule.config import RunConfig
from core.support.errors import RunError
from core.support.threads import ThreadBudget
from tests.conftest import ConfigFactory, events_of_type
from tools.sample_runs import night_events, write_events

pytestmark = pytest.mark.usefixtures("outputs")

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
NIGHT = night_events(CONFIG)


# --- threads ---


@pytest.fixture
def thread_budgets(monkeypatch: pytest.MonkeyPatch) -> list[ThreadBudget]:
    """The thread budgets that training receives, on a machine with eight cores."""
    budgets: list[ThreadBudget] = []

    def train(*_: Any, threads: ThreadBudget, **options: Any) -> Iterator[Event]:
        budgets.append(threads)
        return iter(())

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "available_cores", lambda: 8)
    return budgets


@pytest.mark.parametrize(
    ("limit", "running", "expected"),
    [
        (None, 1, 8),
        (None, 2, 4),
        (None, 3, 2),
        (None, 8, 1),
        (None, 50, 1),
        (None, 0, 8),  # the engine has not published its state yet
        (3, 1, 3),
        (3, 4, 2),
        (1, 1, 1),
    ],
)
def test_running_runs_share_the_cores_equally_up_to_their_limit(
    limit: int | None, running: int, expected: int, thread_budgets: list[ThreadBudget]
) -> None:
    list(execute_run(new_run(RunConfig(), "ada", limit), running_runs=lambda: running))
    assert [threads() for threads in thread_budgets] == [expected]


def test_a_run_gets_more_threads_when_another_run_ends(thread_budgets: list[ThreadBudget]) -> None:
    running = [4]
    list(execute_run(new_run(RunConfig(), "ada", None), running_runs=lambda: running[0]))
    (threads,) = thread_budgets
    assert threads() == 2
    running[0] = 1
    assert threads() == 8


# --- device ---


@pytest.mark.parametrize(("events", "expected"), [(1, "auto"), (len(NIGHT) - 1, "cpu")])
def test_a_run_keeps_its_device_only_if_it_has_a_finished_cycle(
    events: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run(CONFIG, "ada", 1)
    (started,) = events_of_type(NIGHT, NightStarted)
    folder.record_start(replace(started, device="cpu"))
    write_events(folder.path, NIGHT[:events])
    devices: list[str] = []

    def train(config: RunConfig, *_: Any, **options: Any) -> Iterator[Event]:
        devices.append(config.device)
        return iter(())

    monkeypatch.setattr(module, "train", train)
    list(execute_run(folder))
    assert devices == [expected]


# --- deleted files ---


@pytest.mark.parametrize("deleted", ["the run", "all outputs"])
def test_a_run_that_is_deleted_raises_and_its_files_are_not_created_again(
    deleted: str, outputs: Path, short: ConfigFactory, one_thread: int
) -> None:
    folder = new_run(short(total_eps=400, num_cycles=100), "ada", 1)
    entries.add(folder.id, "ada")
    events = execute_run(folder)
    for event in events:
        if isinstance(event, CycleDone):
            break
    shutil.rmtree(folder.path if deleted == "the run" else outputs)
    with pytest.raises(RunError, match=f"run {folder.id} was deleted"):
        list(events)
    assert not folder.path.exists()
    assert deleted == "the run" or not outputs.exists()
