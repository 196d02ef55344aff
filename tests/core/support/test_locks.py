"""`core.support.locks`: locks that die with their holder, however it ends."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.support import environment
from core.support.locks import acquire, held
from tests.helpers.engines import wait

_HOLD = """
import sys
from pathlib import Path
from core.support.locks import acquire
lock = acquire(Path(sys.argv[1]))
print("held" if lock else "not held", flush=True)
sys.stdin.read()
"""

_COUNT = """
import sys
from pathlib import Path
from core.support.locks import acquire
lock_file, number = map(Path, sys.argv[1:])
for _ in range(25):
    with acquire(lock_file, 60.0):
        number.write_text(str(int(number.read_text()) + 1))
"""


def start(program: str, *arguments: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=environment.PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock on ``path``."""
    with start(_HOLD, path) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = acquire(path)
    assert lock is not None
    assert held(path)
    assert acquire(path, 0) is None
    lock.release()
    assert not held(path)
    again = acquire(path, 0)
    assert again is not None
    again.release()


def test_a_lock_does_not_bring_back_a_folder_that_was_deleted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        acquire(tmp_path / "deleted" / "lock")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_lock_that_is_no_regular_file_is_an_error_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "folder":
            path.mkdir()
    for use in (acquire, held):
        with pytest.raises(OSError, match=r"."):
            use(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_is_released_at_the_end_of_its_block_whatever_happens(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "lock")
    assert lock is not None
    with pytest.raises(KeyboardInterrupt), lock:
        raise KeyboardInterrupt
    assert not held(tmp_path / "lock")


def test_a_file_that_is_not_there_is_not_held_and_not_made(tmp_path: Path) -> None:
    assert not held(tmp_path / "lock")
    assert not held(tmp_path / "nowhere" / "lock")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        acquire(tmp_path / "file" / "lock")


def test_a_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path):
        assert held(path)
        began = time.monotonic()
        assert acquire(path, 0.05) is None
        assert time.monotonic() - began >= 0.05
    lock = acquire(path)
    assert lock is not None
    with lock, start(_HOLD, path) as other:
        assert other.communicate()[0] == "not held\n"


def test_a_lock_is_free_at_once_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert path.exists()
        assert not held(path)
        lock = acquire(path, 0)
        assert lock is not None
        lock.release()


def test_a_frozen_process_keeps_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        assert held(path)
        assert acquire(path, 0) is None


def test_a_lock_is_not_handed_on_to_programs_that_are_started(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "lock")
    assert lock is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        wait(lambda: not held(tmp_path / "lock"))  # a child has it until its program begins
        assert child.poll() is None


def test_processes_take_turns_and_none_is_lost(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    processes = [start(_COUNT, tmp_path / "lock", number) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert number.read_text() == "75"


@contextmanager
def asking(path: Path) -> Iterator[None]:
    """Ask whether ``path`` is held, and be stopped in the middle of it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def test_those_who_only_ask_do_not_see_each_other(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with asking(tmp_path / "lock"):
        assert not held(tmp_path / "lock")


def test_who_asks_at_that_moment_does_not_keep_the_lock_from_who_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with ThreadPoolExecutor(1) as pool:
        with asking(path):
            waiting = pool.submit(acquire, path, 60.0)
            wait(waiting.running)
        lock = waiting.result()
    assert lock is not None
    with lock:
        assert held(path)


def test_asking_all_the_time_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            held(path)

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask) for _ in range(2)]
        try:
            for _ in range(100):
                lock = acquire(path, 10.0)
                assert lock is not None
                assert held(path)
                lock.release()
        finally:
            over.set()
        assert [each.result() for each in asked] == [None, None]


def test_who_waits_for_a_lock_whose_file_is_removed_gets_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = acquire(path)
    assert first is not None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(acquire, path, 60.0)
        wait(waiting.running)
        path.unlink()
        lock = waiting.result()  # although nobody has released the old one
        assert lock is not None
        with lock:
            assert held(path)
            assert os.path.samestat(os.fstat(lock.descriptor), path.stat())
    first.release()


def test_a_lock_on_a_file_that_was_removed_in_between_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    flock, opened = fcntl.flock, []

    def removed_first(descriptor: int, kind: int) -> None:
        if not opened:
            path.unlink()
        opened.append(descriptor)
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    lock = acquire(path)
    assert lock is not None
    with lock:
        assert len(opened) == 2
        assert os.path.samestat(os.fstat(lock.descriptor), path.stat())
        assert held(path)
