"""The queue on disk: which runs are wanted, by whom, since when.

A run is in the queue from being asked for until it has ended, so that an engine that is started
again knows what to go on with.
"""

import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from core.queue.addresses import hashed_name
from core.queue.entry import Entry
from core.queue.limits import check_room
from core.queue.paths import queue_folder
from core.support.errors import QueueError
from core.support.files import make_folders, read_json, remove_file, write_json
from core.support.locks import acquire

_WAIT_S = 10


def add(run_id: str, person: str, address: str | None = None, work: float = 0.0) -> Entry:
    """Ask for a run; raises `QueueError` when the queue is full and OSError when it can't be.

    ``address`` is the network address that the request came from, of which the queue stores a
    keyed hash; None stands for the host's own programs. ``work`` is what `pace.work` returns.
    """
    entry = _new(run_id, person, address, work)
    make_folders(queue_folder())
    lock = acquire(queue_folder() / ".lock", _WAIT_S)
    if lock is None:
        raise QueueError("the queue is busy; try again in a moment.")
    with lock:
        check_room(read_all(), entry)
        write_json(queue_folder() / run_id, asdict(entry))
    return entry


def check_limits(person: str, address: str | None = None, work: float = 0.0) -> None:
    """Raise as `add` does if it would refuse such a run now."""
    check_room(read_all(), _new("", person, address, work))


def remove(run_id: str, entry: Entry | None = None) -> None:
    """A run is no longer wanted, because it has ended or was stopped.

    With ``entry`` only if it is that one which waits, and not a later wish for the same run.
    """
    if entry is None or _entry(queue_folder() / run_id) == entry:
        remove_file(queue_folder() / run_id)


def contains(run_id: str) -> bool:
    """Whether a run is in the queue."""
    return (queue_folder() / run_id).exists()


def read_all() -> list[Entry]:
    """All that is in the queue, the oldest first."""
    try:
        files = [file for file in queue_folder().iterdir() if not file.name.startswith(".")]
    except FileNotFoundError:
        return []
    found = [entry for file in files if (entry := _entry(file)) is not None]
    return sorted(found, key=lambda entry: (entry.at, entry.run))


def modification_time() -> int:
    """A number that changes when a run is put in or taken out; costs one look at a folder."""
    try:
        return queue_folder().stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _new(run_id: str, person: str, address: str | None, work: float) -> Entry:
    name = None if address is None else hashed_name(address)
    return Entry(run_id, person, time.time(), name, work)


def _entry(file: Path) -> Entry | None:
    values = read_json(file)
    with suppress(KeyError, TypeError, ValueError):
        return Entry.from_values(file.name, values)
    with suppress(FileNotFoundError):  # it was taken out just now
        return Entry(file.name, "", file.stat().st_mtime)  # damaged: the run is wanted all the same
    return None
