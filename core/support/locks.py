"""Exclusive file locks that the operating system releases when their process ends.

A lock ensures that one worker executes a run and one engine serves a folder. Checking a lock
shows whether its holder, a run, an engine or another program, is alive, also on a shared folder.
"""

import errno
import fcntl
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

_WAIT_S = 0.2  # `is_locked` takes a shared lock for some microseconds
_POLL_S = 0.01


@dataclass(frozen=True)
class Lock:
    """An exclusive lock on a file, held until `release` or until the process ends."""

    descriptor: int

    def release(self) -> None:
        """Release the lock; call it once."""
        os.close(self.descriptor)

    def holds(self, path: Path) -> bool:
        """Return whether ``path`` still is the locked file: not removed and not replaced."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def acquire(path: Path, wait_s: float = _WAIT_S) -> Lock | None:
    """Acquire the lock on ``path``; return None if it is still held after ``wait_s`` seconds.

    The file is created if it is missing; its folder is not, because a deleted run must not
    reappear. Raise OSError if the file cannot be created or is not a regular file.
    """
    deadline = time.monotonic() + wait_s
    while True:
        descriptor = _open(path, os.O_RDWR | os.O_CREAT)
        if _try_lock(descriptor, fcntl.LOCK_EX) and Lock(descriptor).holds(path):
            return Lock(descriptor)
        os.close(descriptor)
        if time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_S)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock on ``path``; False if the file is missing.

    Raise OSError if ``path`` is not a regular file.
    """
    try:
        descriptor = _open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    """Open a lock file without following a link and without blocking on a named pipe."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
