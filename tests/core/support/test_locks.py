"""`core.support.locks`: locks that are released when their holder exits or is killed."""

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
from core.support.locks import acquire, is_locked
from tests.helpers.engines import wait_until

_HOLD_LOCK = """
import sys
from pathlib import Path
from core.support.locks import acquire
lock = acquire(Path(sys.argv[1]))
print("held" if lock else "not held", flush=True)
sys.stdin.read()
"""

_COUNT_UNDER_LOCK = """
import sys
from pathlib import Path
from core.support.locks import acquire
lock_file, number = map(Path, sys.argv[1:])
for _ in range(25):
    with acquire(lock_file, 60.0):
        number.write_text(str(int(number.read_text()) + 1))
"""


def start(program: str, *arguments: Path) -> subprocess.Popen[str]:
    """Start a Python program with pipes for its input and output."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=environment.PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock on ``path`` in another process."""
    with start(_HOLD_LOCK, path) as process:
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
    assert is_locked(path)
    assert acquire(path, 0) is None
    lock.release()
    assert not is_locked(path)
    again = acquire(path, 0)
    assert again is not None
    again.release()


def test_acquiring_a_lock_does_not_create_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        acquire(tmp_path / "deleted" / "lock")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_lock_file_that_is_not_regular_raises_an_error_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "folder":
            path.mkdir()
    for function in (acquire, is_locked):
        with pytest.raises(OSError, match=r"."):
            function(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_is_released_when_its_block_raises(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "lock")
    assert lock is not None
    with pytest.raises(KeyboardInterrupt), lock:
        raise KeyboardInterrupt
    assert not is_locked(tmp_path / "lock")


def test_a_missing_lock_file_is_not_held_and_not_created(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")
    assert not is_locked(tmp_path / "missing" / "lock")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_cannot_be_created_raises_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        acquire(tmp_path / "file" / "lock")


def test_another_process_cannot_acquire_a_held_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path):
        assert is_locked(path)
        start_time = time.monotonic()
        assert acquire(path, 0.05) is None
        assert time.monotonic() - start_time >= 0.05
    lock = acquire(path)
    assert lock is not None
    with lock, start(_HOLD_LOCK, path) as process:
        assert process.communicate()[0] == "not held\n"


def test_a_lock_is_released_at_once_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert path.exists()
        assert not is_locked(path)
        lock = acquire(path, 0)
        assert lock is not None
        lock.release()


def test_a_paused_process_still_holds_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        assert is_locked(path)
        assert acquire(path, 0) is None


def test_a_started_program_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = acquire(tmp_path / "lock")
    assert lock is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        wait_until(lambda: not is_locked(tmp_path / "lock"))  # the child has it until it starts cat
        assert child.poll() is None


def test_processes_that_increment_a_number_under_the_lock_lose_no_increment(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    processes = [start(_COUNT_UNDER_LOCK, tmp_path / "lock", number) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert number.read_text() == "75"


@contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Hold the shared lock that `is_locked` takes for a moment."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def test_concurrent_checks_of_a_free_lock_report_it_as_free(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with shared_lock(tmp_path / "lock"):
        assert not is_locked(tmp_path / "lock")


def test_a_check_only_delays_a_process_that_acquires_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with ThreadPoolExecutor(1) as pool:
        with shared_lock(path):
            waiting = pool.submit(acquire, path, 60.0)
            wait_until(waiting.running)
        lock = waiting.result()
    assert lock is not None
    with lock:
        assert is_locked(path)


def test_continuous_checks_do_not_prevent_acquiring_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    finished = threading.Event()

    def check_repeatedly() -> None:
        while not finished.is_set():
            is_locked(path)

    with ThreadPoolExecutor(2) as pool:
        checks = [pool.submit(check_repeatedly) for _ in range(2)]
        try:
            for _ in range(100):
                lock = acquire(path, 10.0)
                assert lock is not None
                assert is_locked(path)
                lock.release()
        finally:
            finished.set()
        assert [check.result() for check in checks] == [None, None]


def test_waiting_for_a_lock_whose_file_is_removed_acquires_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = acquire(path)
    assert first is not None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(acquire, path, 60.0)
        wait_until(waiting.running)
        path.unlink()
        lock = waiting.result()  # although the first lock is still held
        assert lock is not None
        with lock:
            assert is_locked(path)
            assert os.path.samestat(os.fstat(lock.descriptor), path.stat())
    first.release()


def test_a_lock_file_removed_between_open_and_lock_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    flock, descriptors = fcntl.flock, []

    def remove_file_before_first_lock(descriptor: int, kind: int) -> None:
        if not descriptors:
            path.unlink()
        descriptors.append(descriptor)
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", remove_file_before_first_lock)
    lock = acquire(path)
    assert lock is not None
    with lock:
        assert len(descriptors) == 2
        assert os.path.samestat(os.fstat(lock.descriptor), path.stat())
        assert is_locked(path)
