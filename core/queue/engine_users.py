"""Who needs the engine: a lock for each program, which goes when the program does."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from core.queue.paths import engine_users_folder
from core.support.files import make_folders
from core.support.locks import Lock, acquire, held


@dataclass(frozen=True)
class EngineUser:
    """One program's need of the engine: a locked file, until `release` or the process' end."""

    path: Path
    lock: Lock

    def counts(self) -> bool:
        """Whether the engine can see it; not after its file was removed with the outputs."""
        return self.lock.holds(self.path)

    def release(self) -> None:
        self.lock.release()


def register_user() -> EngineUser:
    """Need the engine from now on, until this process ends; raises OSError where that fails."""
    make_folders(engine_users_folder())
    while True:
        path = engine_users_folder() / f"{os.getpid()}-{secrets.token_hex(4)}"
        lock = acquire(path)
        if lock is not None:
            return EngineUser(path, lock)


def has_users() -> bool:
    """Whether any living program needs the engine, and keeps one; changes nothing."""
    return any(held(file) for file in _files())


def remove_ended_users() -> bool:
    """Whether any program needs the engine; clears away what those left who are gone."""
    return any(_lives(file) for file in _files())


def clear_ended_users() -> None:
    """Remove the files of all programs that are gone; an engine that stays looks for no others."""
    for file in _files():
        _lives(file)


def _files() -> list[Path]:
    try:
        return list(engine_users_folder().iterdir())
    except FileNotFoundError:
        return []


def _lives(lease: Path) -> bool:
    lock = acquire(lease, wait_s=0)
    if lock is None:
        return True
    with lock:  # so that nobody takes it just while it is cleared away
        lease.unlink(missing_ok=True)
    return False
