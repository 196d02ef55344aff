"""The threads a night takes, files that go away, disks that are full."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.engine import run_execution as module
from core.engine.run_execution import execute_run
from core.queue import entries
from core.runs.events import CycleDone, Event
from core.runs.folder import new_run
from core.schedule.config import RunConfig
from core.support.errors import RunError
from core.support.threads import ThreadBudget
from tests.conftest import Settings


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[ThreadBudget]:
    """What each night is told of its threads, on a machine of eight cores."""
    told: list[ThreadBudget] = []

    def train(*_: Any, threads: ThreadBudget, **others: Any) -> Iterator[Event]:
        told.append(threads)
        return iter(())

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "available_cores", lambda: 8)
    return told


@pytest.mark.parametrize(
    ("most", "asleep", "expected"),
    [
        (None, 1, 8),
        (None, 2, 4),
        (None, 3, 2),
        (None, 8, 1),
        (None, 50, 1),
        (None, 0, 8),  # the engine has not told yet
        (3, 1, 3),
        (3, 4, 2),
        (1, 1, 1),
    ],
)
def test_nights_side_by_side_share_the_cores(
    most: int | None, asleep: int, expected: int, taken: list[ThreadBudget]
) -> None:
    list(execute_run(new_run(RunConfig(), "somebody", most), asleep=lambda: asleep))
    assert [threads() for threads in taken] == [expected]


def test_a_share_grows_when_another_night_ends(taken: list[ThreadBudget]) -> None:
    asleep = [4]
    list(execute_run(new_run(RunConfig(), "somebody", None), asleep=lambda: asleep[0]))
    (threads,) = taken
    assert threads() == 2
    asleep[0] = 1
    assert threads() == 8


# --- files that are removed, and disks that are full ---


@pytest.mark.parametrize("removed", ["the run", "all outputs"])
def test_a_night_whose_files_are_removed_ends_as_deleted_and_brings_nothing_back(
    removed: str, short: Settings, one_thread: int, tmp_path: Path
) -> None:
    folder = new_run(short(total_eps=400, num_cycles=100), "somebody", 1)
    entries.add(folder.id, "somebody")
    night = execute_run(folder)
    for event in night:
        if isinstance(event, CycleDone):
            break
    shutil.rmtree(folder.path if removed == "the run" else tmp_path)
    with pytest.raises(RunError, match=f"run {folder.id} was deleted"):
        list(night)
    assert not folder.path.exists()
    assert removed == "the run" or not tmp_path.exists()
