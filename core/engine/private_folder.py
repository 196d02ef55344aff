"""The engine's private temporary folder: credentials and sockets lie there while it runs.

Dask writes its TLS key to a temporary file for a moment whenever a process loads it, because
OpenSSL reads keys from files only; multiprocessing keeps its sockets in a `pymp-*` folder. Both
follow the standard `TMPDIR`.
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

_NAME = re.compile(r"sleep-[0-9a-f]{8}")  # short: a socket's whole path has 103 bytes on macOS
_MEMORY = Path("/dev/shm")


def bases() -> Iterator[Path]:
    """Yield the folders that may hold the private folder, in order of preference.

    The first on Linux is a file system in memory, so that nothing in it touches a disk.
    """
    if sys.platform == "linux":
        yield _MEMORY
    yield Path(tempfile.gettempdir())  # not before it is needed: the search writes a file


@contextmanager
def private_folder(parents: Iterable[Path]) -> Iterator[Path]:
    """Make a private folder the temporary folder of this process and of those it starts.

    The folder is made in the first of ``parents`` that can be written, with mode 0700, and is
    removed at the end of the block. What this user's killed engines left there is removed before.
    Raises `EngineError` if none of ``parents`` can be written.
    """
    folder, lock = _create(parents)  # the system lets go of the lock if this process is killed
    try:
        with _as_temporary(folder):
            yield folder
    finally:
        # A process that is still ending may add a file meanwhile; the next engine removes it.
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _as_temporary(folder: Path) -> Iterator[None]:
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = None  # found anew where it is needed
        del os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before


def _create(parents: Iterable[Path]) -> tuple[Path, int]:
    tried = []
    for parent in parents:
        tried.append(str(parent))
        with suppress(OSError):
            _remove_abandoned(parent)
            name = f"sleep-{secrets.token_hex(4)}"
            unlocked = parent / f".{name}"  # under another name, else it would count as abandoned
            unlocked.mkdir(mode=0o700)
            lock = os.open(unlocked, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            return unlocked.rename(parent / name), lock
    raise EngineError(
        f"no temporary folder can be made in {' or '.join(tried)}; "
        "set TMPDIR to a folder that can be written."
    )


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        if not _NAME.fullmatch(folder.name):
            continue
        with suppress(OSError):  # no folder, a link, another user's, or in use
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_private(os.fstat(lock)):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _is_private(found: os.stat_result) -> bool:
    return stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == os.geteuid()
