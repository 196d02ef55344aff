"""`core.engine.run_monitor`: a stop is seen, and a night that hangs gives no sign of life."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine import run_monitor
from core.engine.run_monitor import monitored
from core.runs.folder import RunFolder
from core.support.errors import RunError
from core.support.files import read_json
from core.support.locks import acquire
from core.support.stopping import Check, Stopped
from tests.helpers.engines import own_outputs, wait
from tools.sample_runs import put_run


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_outputs(tmp_path / "outputs", monkeypatch)
    monkeypatch.setattr(run_monitor, "_LOOK_S", 0.001)


@pytest.fixture
def run() -> RunFolder:
    return put_run()


def stops(check: Check) -> bool:
    try:
        check()
    except Stopped:
        return True
    return False


def steps(run: RunFolder) -> Any:
    return read_json(run.heartbeat).get("steps")


@contextmanager
def held(run: RunFolder, worker: str = "somebody") -> Iterator[Check]:
    """The watch over a run whose lock this process holds, as `core.engine.run_execution` does."""
    lock = acquire(run.lock)
    assert lock is not None
    with lock, monitored(run, worker, lock) as check:
        yield check


def is_deleted(check: Check) -> bool:
    try:
        check()
    except RunError as error:
        return "was deleted" in str(error)
    return False


class Looks:
    """A stop file that is never there, and counts how often somebody looked for it."""

    count = 0

    def exists(self) -> bool:
        self.count += 1
        return False


def test_a_stop_is_seen_before_one_of_the_next_steps(run: RunFolder) -> None:
    with held(run) as check:
        check()
        run.stop.touch()
        wait(lambda: stops(check))
        with pytest.raises(Stopped):
            check()


def test_a_stop_that_was_asked_for_before_the_night_is_seen_before_its_first_step(
    run: RunFolder,
) -> None:
    run.stop.touch()
    with held(run) as check, pytest.raises(Stopped):
        check()


def test_a_stop_once_seen_is_not_taken_back(run: RunFolder) -> None:
    run.stop.touch()
    with held(run) as check:
        run.stop.unlink()
        wait(lambda: steps(run) is not None)
        assert stops(check)


@pytest.mark.parametrize("what", ["its folder", "its lock", "all outputs"])
def test_a_run_that_is_deleted_ends_before_one_of_the_next_steps_and_stays_away(
    what: str, run: RunFolder, tmp_path: Path
) -> None:
    with held(run) as check:
        wait(lambda: (check(), steps(run))[1])
        match what:
            case "its folder":
                shutil.rmtree(run.path)
            case "its lock":  # the first file that a removal under way has come to
                run.lock.unlink()
            case _:
                shutil.rmtree(tmp_path / "outputs")
        wait(lambda: is_deleted(check))
        with pytest.raises(RunError, match="was deleted"):
            check()
    assert run.path.exists() == (what == "its lock")


def test_the_heartbeat_says_who_sleeps_and_follows_the_steps(run: RunFolder) -> None:
    with held(run, "tcp://somewhere") as check:
        wait(lambda: steps(run) == 0)
        told = read_json(run.heartbeat)
        assert (told["worker"], told["pid"]) == ("tcp://somewhere", os.getpid())
        assert told["host"]
        for _ in range(3):
            check()
        wait(lambda: steps(run) == 3)
        check()
        wait(lambda: steps(run) == 4)


def test_the_heartbeat_stands_still_while_no_step_is_taken(tmp_path: Path) -> None:
    looks = Looks()
    files = {"heartbeat": tmp_path / "heartbeat.json", "lock": tmp_path / "lock"}
    folder: Any = SimpleNamespace(id="a run", stop=looks, **files)
    with held(folder) as check:
        check()
        wait(lambda: steps(folder) == 1)
        before = folder.heartbeat.stat().st_ino  # which is new if it is written anew
        seen = looks.count
        wait(lambda: looks.count > seen + 3 * run_monitor._LOOKS_PER_BEAT)
        assert folder.heartbeat.stat().st_ino == before
        check()
        wait(lambda: steps(folder) == 2)


def test_a_heartbeat_that_cannot_be_written_does_not_end_the_watch(run: RunFolder) -> None:
    run.heartbeat.mkdir()
    with held(run) as check:
        for _ in range(3):
            check()
        run.heartbeat.rmdir()
        wait(lambda: (check(), steps(run))[1])
        run.stop.touch()
        wait(lambda: stops(check))


@pytest.mark.parametrize("error", [None, Stopped, ValueError, KeyboardInterrupt])
def test_the_watch_ends_with_the_night_however_that_ends(
    error: type[BaseException] | None, run: RunFolder
) -> None:
    def night() -> None:
        with held(run):
            assert any(thread.name == f"watch {run.id}" for thread in threading.enumerate())
            if error is not None:
                raise error

    if error is None:
        night()
    else:
        with pytest.raises(error):
            night()
    assert not any(thread.name == f"watch {run.id}" for thread in threading.enumerate())
