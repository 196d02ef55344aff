"""Who needs the engine: a lock for each program, which goes when the program does."""

import os
import secrets

from core.engine.places import leases_dir
from core.store.locks import Lock, acquire, held


def take_lease() -> Lock:
    """Need the engine from now on, until this process ends."""
    while True:
        lock = acquire(leases_dir() / f"{os.getpid()}-{secrets.token_hex(4)}")
        if lock is not None:
            return lock


def anybody() -> bool:
    """Whether any program needs the engine; clears away what those left who are gone."""
    try:
        files = list(leases_dir().iterdir())
    except FileNotFoundError:
        return False
    living = [held(file) for file in files]
    for file, alive in zip(files, living, strict=True):
        if not alive:
            file.unlink(missing_ok=True)
    return any(living)
