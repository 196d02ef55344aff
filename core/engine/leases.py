"""Who needs the engine: a lock for each program, which goes when the program does."""

import os
import secrets
from pathlib import Path

from core.engine.places import leases_dir
from core.files import make_folders
from core.store.locks import Lock, acquire


def take_lease() -> Lock:
    """Need the engine from now on, until this process ends."""
    make_folders(leases_dir())
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
    return any(_lives(file) for file in files)


def _lives(lease: Path) -> bool:
    lock = acquire(lease, wait_s=0)
    if lock is None:
        return True
    with lock:  # so that nobody takes it just while it is cleared away
        lease.unlink(missing_ok=True)
    return False
