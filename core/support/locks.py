"""Locks that die with their holder: the system lets go of them however a process ends.

They keep two workers from sleeping one night and two engines from serving one folder, and tell
anybody who asks whether a run, an engine or a program is alive, also over a shared folder.
"""

import errno
import fcntl
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_S = 0.2  # those who only ask hold a lock too, for some microseconds
_POLL_S = 0.01


@dataclass(frozen=True)
class Lock:
    """An exclusive lock on a file, held until `release` or the process' end."""

    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)

    def holds(self, path: Path) -> bool:
        """Whether ``path`` still is the locked file, and was not removed or replaced since."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def acquire(path: Path, wait_s: float = _PATIENCE_S) -> Lock | None:
    """The lock on ``path``, made if need be; None if another holds it for longer than ``wait_s``.

    The folder is not made: a run that was deleted must not come back. Raises OSError where the
    file cannot be made, or is not a regular one.
    """
    end = time.monotonic() + wait_s
    while True:
        descriptor = _open(path, os.O_RDWR | os.O_CREAT)
        if _take(descriptor, fcntl.LOCK_EX) and Lock(descriptor).holds(path):
            return Lock(descriptor)
        os.close(descriptor)
        if time.monotonic() >= end:
            return None
        time.sleep(_POLL_S)


def held(path: Path) -> bool:
    """Whether any process holds the lock on ``path``; raises OSError if it is no regular file."""
    try:
        descriptor = _open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not _take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    """Open a lock's file without following a link, and without waiting as for a named pipe."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
