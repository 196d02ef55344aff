"""Programs that use the engine: each holds a lock on a file, which the system frees at its exit."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from core.queue.paths import engine_users_folder
from core.support.files import create_folders
from core.support.locks import Lock, acquire, is_locked


@dataclass(frozen=True)
class EngineUser:
    """Registration of one program: a locked file, until `release` or the end of the process."""

    path: Path
    lock: Lock

    def is_registered(self) -> bool:
        """Return whether the engine can find the file; False after it was deleted."""
        return self.lock.holds(self.path)

    def release(self) -> None:
        """End the registration."""
        self.lock.release()


def register_user() -> EngineUser:
    """Register this process as a user of the engine. Raises OSError if that fails."""
    create_folders(engine_users_folder())
    while True:
        path = engine_users_folder() / f"{os.getpid()}-{secrets.token_hex(4)}"
        lock = acquire(path)
        if lock is not None:
            return EngineUser(path, lock)


def has_users() -> bool:
    """Return whether any running program is registered, without changing anything on disk."""
    return any(is_locked(file) for file in _files())


def remove_ended_users() -> bool:
    """Return whether any running program is registered, and remove files of ended programs.

    It stops at the first running program, so some files of ended programs may remain.
    """
    return any(_is_running(file) for file in _files())


def clear_ended_users() -> None:
    """Remove the files of all ended programs."""
    for file in _files():
        _is_running(file)


def _files() -> list[Path]:
    try:
        return list(engine_users_folder().iterdir())
    except FileNotFoundError:
        return []


def _is_running(file: Path) -> bool:
    """Return whether a program holds the lock on ``file``; remove the file if none does."""
    lock = acquire(file, wait_s=0)
    if lock is None:
        return True
    with lock:  # no program can register with this file while it is removed
        file.unlink(missing_ok=True)
    return False
