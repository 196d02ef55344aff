"""The queue on disk: which runs are wanted, by whom, since when.

A run is in the queue from being asked for until it has ended, so that an engine that is started
again knows what to go on with.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core import settings
from core.engine.places import queue_dir
from core.errors import QueueError
from core.files import make_folders, read_json, remove_file, write_json
from core.store.locks import acquire

_WAIT_S = 10


@dataclass(frozen=True)
class Entry:
    """A run that ``person`` wants since ``at`` (seconds since 1970)."""

    run: str
    person: str
    at: float


def put(run_id: str, person: str) -> Entry:
    """Ask for a run; raises `QueueError` when the queue is full and OSError when it can't be."""
    entry = Entry(run_id, person, time.time())
    make_folders(queue_dir())
    lock = acquire(queue_dir() / ".lock", _WAIT_S)
    if lock is None:
        raise QueueError("the queue is busy; try again in a moment.")
    with lock:
        check_room(entries(), person)
        write_json(queue_dir() / run_id, asdict(entry))
    return entry


def check_room(queued: Iterable[Entry], person: str) -> None:
    """Raise `QueueError` if ``person`` may not ask for one more run beside those ``queued``."""
    everybody = list(queued)
    mine = sum(entry.person == person for entry in everybody)
    per_person, total = settings.max_queued_per_person(), settings.max_queued()
    if mine >= per_person:
        raise QueueError(
            f"you have {mine} runs waiting or running, and {per_person} is the limit for one "
            "person; wait for one to finish or stop one."
        )
    if len(everybody) >= total:
        raise QueueError(
            f"{len(everybody)} runs are waiting or running, and {total} is the limit for "
            "everybody together; try again when some have finished."
        )


def take_out(run_id: str, entry: Entry | None = None) -> None:
    """A run is no longer wanted, because it has ended or was stopped.

    With ``entry`` only if it is that one which waits, and not a later wish for the same run.
    """
    if entry is None or _entry(queue_dir() / run_id) == entry:
        remove_file(queue_dir() / run_id)


def wanted(run_id: str) -> bool:
    """Whether a run is in the queue."""
    return (queue_dir() / run_id).exists()


def entries() -> list[Entry]:
    """All that is in the queue, the oldest first."""
    try:
        files = [file for file in queue_dir().iterdir() if not file.name.startswith(".")]
    except FileNotFoundError:
        return []
    found = [entry for file in files if (entry := _entry(file)) is not None]
    return sorted(found, key=lambda entry: (entry.at, entry.run))


def changed() -> int:
    """A number that changes when a run is put in or taken out; costs one look at a folder."""
    try:
        return queue_dir().stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _entry(file: Path) -> Entry | None:
    values = read_json(file)
    with suppress(KeyError, TypeError, ValueError):
        return Entry(file.name, str(values["person"]), float(values["at"]))
    with suppress(FileNotFoundError):  # it was taken out just now
        return Entry(file.name, "", file.stat().st_mtime)  # damaged: the run is wanted all the same
    return None
