"""Queue on disk: one file per requested run.

A run is in the queue from its request until it has ended, so that a restarted engine continues
with the same runs.
"""

import time
from contextlib import suppress
from pathlib import Path

from core.queue.addresses import hashed_name
from core.queue.entry import Entry
from core.queue.limits import check_room
from core.queue.paths import queue_folder
from core.support.errors import QueueError
from core.support.files import create_folders, read_json, remove_file, write_json
from core.support.locks import acquire

LOCK_TIMEOUT_S = 10.0
"""Seconds that `add` waits for another process to finish its change to the queue."""


def add(
    run_id: str, person: str, address: str | None = None, reference_seconds: float = 0.0
) -> Entry:
    """Put a run into the queue.

    Parameters
    ----------
    run_id : str
        Id of the run.
    person : str
        Name of the person who requests it.
    address : str or None, default None
        Network address of the request, of which the queue stores a keyed hash. None means that a
        program of the host submits the run.
    reference_seconds : float, default 0.0
        Expected duration, see `core.queue.estimates.reference_seconds`.

    Returns
    -------
    Entry
        The new entry, submitted now.

    Raises
    ------
    QueueError
        If the entry exceeds a limit, or another process uses the queue for too long.
    OSError
        If the queue's folder cannot be written.
    """
    entry = _new_entry(run_id, person, address, reference_seconds)
    create_folders(queue_folder())
    lock = acquire(queue_folder() / ".lock", LOCK_TIMEOUT_S)
    if lock is None:
        raise QueueError("the queue is busy; try again in a moment.")
    with lock:
        check_room(read_all(), entry)
        write_json(queue_folder() / run_id, entry.values())
    return entry


def check_limits(person: str, address: str | None = None, reference_seconds: float = 0.0) -> None:
    """Check that `add` would accept such a run now, without adding it.

    Parameters
    ----------
    person : str
        Name of the person who requests the run.
    address : str or None, default None
        Network address of the request; None for a program of the host.
    reference_seconds : float, default 0.0
        Expected duration, see `core.queue.estimates.reference_seconds`.

    Raises
    ------
    QueueError
        If the run exceeds a limit.
    """
    check_room(read_all(), _new_entry("", person, address, reference_seconds))


def remove(run_id: str, entry: Entry | None = None) -> None:
    """Take a run out of the queue, because it has ended or was stopped.

    If ``entry`` is given, do so only if the queue holds exactly this entry, and not one of a
    later request for the same run.
    """
    if entry is None or _read_entry(queue_folder() / run_id) == entry:
        remove_file(queue_folder() / run_id)


def contains(run_id: str) -> bool:
    """Return whether a run is in the queue."""
    return (queue_folder() / run_id).exists()


def read_all() -> list[Entry]:
    """Return all entries of the queue, the oldest first."""
    try:
        files = [file for file in queue_folder().iterdir() if not file.name.startswith(".")]
    except FileNotFoundError:
        return []
    entries = [entry for file in files if (entry := _read_entry(file)) is not None]
    return sorted(entries, key=lambda entry: (entry.submitted, entry.run))


def modification_time() -> int:
    """Return a number that changes when an entry is added or removed; it costs one system call."""
    try:
        return queue_folder().stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _new_entry(run_id: str, person: str, address: str | None, reference_seconds: float) -> Entry:
    name = None if address is None else hashed_name(address)
    return Entry(run_id, person, time.time(), name, reference_seconds)


def _read_entry(file: Path) -> Entry | None:
    values = read_json(file)
    with suppress(KeyError, TypeError, ValueError):
        return Entry.from_values(file.name, values)
    with suppress(FileNotFoundError):  # removed since the folder was listed
        # A damaged file still requests its run, or the run would wait for ever.
        return Entry(file.name, "", file.stat().st_mtime)
    return None
