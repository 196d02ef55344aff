"""`core.engine.run_monitor`: it detects stops and deletions; a hung run has no new heartbeat."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine.run_monitor import POLLS_PER_HEARTBEAT, monitor_run
from core.runs.folder import RunFolder
from core.support.errors import RunError
from core.support.files import read_json
from core.support.locks import acquire
from core.support.stopping import Check, Stopped
from tests.helpers.engines import wait_until
from tools.sample_runs import create_run

POLL_S = 0.001


@pytest.fixture
def run(outputs: Path) -> RunFolder:
    return create_run()


@contextmanager
def monitored(run: RunFolder, worker: str = "worker") -> Iterator[Check]:
    """Take the lock of a run and monitor it, as `core.engine.run_execution` does."""
    lock = acquire(run.lock)
    assert lock is not None
    with lock, monitor_run(run, worker, lock, POLL_S) as check:
        yield check


def is_stopped(check: Check) -> bool:
    try:
        check()
    except Stopped:
        return True
    return False


def is_deleted(check: Check) -> bool:
    try:
        check()
    except RunError as error:
        return "was deleted" in str(error)
    return False


def steps_in_heartbeat(run: RunFolder) -> Any:
    """Return the number of steps in the heartbeat file, None without one."""
    return read_json(run.heartbeat).get("steps")


class CountingFile:
    """A file that never exists and counts how often this is checked."""

    checks = 0

    def exists(self) -> bool:
        self.checks += 1
        return False


def test_a_stop_is_detected_during_the_run(run: RunFolder) -> None:
    with monitored(run) as check:
        check()
        run.stop.touch()
        wait_until(lambda: is_stopped(check))
        with pytest.raises(Stopped):
            check()


def test_a_stop_requested_before_the_run_is_detected_before_the_first_step(run: RunFolder) -> None:
    run.stop.touch()
    with monitored(run) as check, pytest.raises(Stopped):
        check()


def test_a_detected_stop_cannot_be_cancelled(run: RunFolder) -> None:
    run.stop.touch()
    with monitored(run) as check:
        run.stop.unlink()
        wait_until(lambda: steps_in_heartbeat(run) is not None)
        assert is_stopped(check)


@pytest.mark.parametrize("deleted", ["its folder", "its lock", "all outputs"])
def test_a_deleted_run_raises_within_a_few_steps_and_is_not_created_again(
    deleted: str, run: RunFolder, outputs: Path
) -> None:
    with monitored(run) as check:
        wait_until(lambda: (check(), steps_in_heartbeat(run))[1])
        match deleted:
            case "its folder":
                shutil.rmtree(run.path)
            case "its lock":  # the first file that a deletion in progress removes
                run.lock.unlink()
            case _:
                shutil.rmtree(outputs)
        wait_until(lambda: is_deleted(check))
        with pytest.raises(RunError, match="was deleted"):
            check()
    assert run.path.exists() == (deleted == "its lock")


def test_the_heartbeat_names_the_worker_and_counts_the_steps(run: RunFolder) -> None:
    with monitored(run, "tcp://somewhere") as check:
        wait_until(lambda: steps_in_heartbeat(run) == 0)
        heartbeat = read_json(run.heartbeat)
        assert (heartbeat["worker"], heartbeat["pid"]) == ("tcp://somewhere", os.getpid())
        assert heartbeat["host"]
        for _ in range(3):
            check()
        wait_until(lambda: steps_in_heartbeat(run) == 3)
        check()
        wait_until(lambda: steps_in_heartbeat(run) == 4)


def test_the_heartbeat_does_not_change_without_a_step(tmp_path: Path) -> None:
    stop = CountingFile()
    files = {"heartbeat": tmp_path / "heartbeat.json", "lock": tmp_path / "lock"}
    folder: Any = SimpleNamespace(id="a run", stop=stop, **files)
    with monitored(folder) as check:
        check()
        wait_until(lambda: steps_in_heartbeat(folder) == 1)
        inode = folder.heartbeat.stat().st_ino  # changes whenever the file is written
        checks = stop.checks
        wait_until(lambda: stop.checks > checks + 3 * POLLS_PER_HEARTBEAT)
        assert folder.heartbeat.stat().st_ino == inode
        check()
        wait_until(lambda: steps_in_heartbeat(folder) == 2)


def test_the_monitor_continues_when_the_heartbeat_cannot_be_written(run: RunFolder) -> None:
    run.heartbeat.mkdir()
    with monitored(run) as check:
        for _ in range(3):
            check()
        run.heartbeat.rmdir()
        wait_until(lambda: (check(), steps_in_heartbeat(run))[1])
        run.stop.touch()
        wait_until(lambda: is_stopped(check))


@pytest.mark.parametrize("error", [None, Stopped, ValueError, KeyboardInterrupt])
def test_the_monitor_thread_ends_with_the_run_whatever_the_run_raises(
    error: type[BaseException] | None, run: RunFolder
) -> None:
    threads = set(threading.enumerate())

    def execute() -> None:
        with monitored(run):
            assert len(set(threading.enumerate()) - threads) == 1
            if error is not None:
                raise error

    if error is None:
        execute()
    else:
        with pytest.raises(error):
            execute()
    assert set(threading.enumerate()) <= threads
