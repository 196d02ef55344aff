"""The engine's private temporary folder, which holds credentials and sockets while it runs.

Dask briefly writes its TLS key to a temporary file whenever a process loads it, because OpenSSL
reads keys from files only. multiprocessing creates its sockets in a ``pymp-*`` folder. Both follow
the standard ``TMPDIR``.
"""

import fcntl
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.support.errors import EngineError

_NAME = re.compile(r"sleep-[0-9a-f]{8}")  # short: the path of a socket has 103 bytes on macOS
_MEMORY = Path("/dev/shm")


def parent_folders() -> Iterator[Path]:
    """Yield the folders that may contain the private folder, in order of preference.

    The first on Linux is a file system in memory, so that nothing in it reaches a disk.
    """
    if sys.platform == "linux":
        yield _MEMORY
    yield Path(tempfile.gettempdir())  # evaluated only if needed: the search writes a file


@contextmanager
def private_folder(parents: Iterable[Path]) -> Iterator[Path]:
    """Use a private folder as the temporary folder of this process and of its children.

    The folder is created with mode 0700 in the first of ``parents`` that is writable, and removed
    at the end of the block. Folders that this user's killed engines left there are removed first.
    Raises `EngineError` if none of ``parents`` is writable.
    """
    folder, lock = _create(parents)  # the system releases the lock if this process is killed
    try:
        with _as_temporary_folder(folder):
            yield folder
    finally:
        # An ending process may add a file during the removal; the next engine removes it.
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _as_temporary_folder(folder: Path) -> Iterator[None]:
    previous = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = None  # the next call of `gettempdir` searches again
        del os.environ["TMPDIR"]
        if previous is not None:
            os.environ["TMPDIR"] = previous


def _create(parents: Iterable[Path]) -> tuple[Path, int]:
    """Create and lock a private folder; return its path and the descriptor of the lock."""
    tried = []
    for parent in parents:
        tried.append(str(parent))
        with suppress(OSError):
            _remove_abandoned(parent)
            name = f"sleep-{secrets.token_hex(4)}"
            # Under its final name an unlocked folder would count as abandoned.
            unlocked = parent / f".{name}"
            unlocked.mkdir(mode=0o700)
            lock = os.open(unlocked, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            return unlocked.rename(parent / name), lock
    raise EngineError(
        f"no temporary folder can be created in {' or '.join(tried)}; "
        "set TMPDIR to a writable folder."
    )


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        if not _NAME.fullmatch(folder.name):
            continue
        with suppress(OSError):  # not a folder, a link, another user's, or in use
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_private(os.fstat(lock)):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _is_private(status: os.stat_result) -> bool:
    return stat.S_IMODE(status.st_mode) == 0o700 and status.st_uid == os.geteuid()
