"""Which runs and checkpoints are removed to free disk space, and their removal.

Checkpoints are needed until a run is done; those of a done run are removed a day later. Runs are
removed only if all runs together exceed a limit: the oldest first, and none that is younger than
the limit for runs, pinned, waiting or running. Recorded runs are in another folder and are never
removed.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from core.queue import entries
from core.queue.failures import delete_failure
from core.runs.folder import RunFolder, all_runs, delete_run, find_run
from core.runs.log import LOG
from core.support import environment
from core.support.errors import SleepError
from core.support.files import open_inside, remove_folder
from core.support.locks import acquire

_TAIL_BYTES = 4_096  # of a log; the last line of a done run is far shorter
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_GB, _MB = 1e9, 1e6

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetentionLimits:
    """Limits that decide what is removed.

    Attributes
    ----------
    checkpoints_s : float
        Seconds that the checkpoints of a done run are kept after its last change.
    runs_s : float
        Seconds that every run is kept after its last change.
    bytes : float
        Disk space that all runs together may take.
    """

    checkpoints_s: float
    runs_s: float
    bytes: float


@dataclass(frozen=True)
class StoredRun:
    """Run on disk.

    Attributes
    ----------
    run : str
        Id of the run.
    changed : float
        Time of its last change, in seconds since 1970.
    bytes : int
        Disk space of all its files, checkpoints included.
    checkpoint_bytes : int
        Disk space of its checkpoints.
    done : bool
        Whether the run is done, so that its checkpoints are not needed any more.
    protected : bool
        Whether the run is pinned, waiting or running.
    """

    run: str
    changed: float
    bytes: int
    checkpoint_bytes: int
    done: bool
    protected: bool


@dataclass(frozen=True)
class Removal:
    """Planned removal of a run or of its checkpoints. Its text is a phrase for people.

    Attributes
    ----------
    run : str
        Id of the run.
    what : {"run", "checkpoints"}
        What is removed.
    bytes : int
        Disk space that the removal frees.
    age_s : float
        Seconds since the run's last change.
    """

    run: str
    what: Literal["run", "checkpoints"]
    bytes: int
    age_s: float

    def __str__(self) -> str:
        what = f"run {self.run}" if self.what == "run" else f"the checkpoints of run {self.run}"
        return f"{what}: {self.bytes / _MB:.1f} MB, unchanged for {_format_age(self.age_s)}"


def configured_limits() -> RetentionLimits:
    """Return the limits from the environment; raises `ConfigError` for an invalid one."""
    return RetentionLimits(
        environment.keep_checkpoints_hours() * _HOUR_S,
        environment.keep_days() * _DAY_S,
        environment.keep_gb() * _GB,
    )


def plan(runs: Iterable[StoredRun], limits: RetentionLimits, now: float) -> tuple[Removal, ...]:
    """Choose what is removed. The function reads and changes nothing on disk.

    Parameters
    ----------
    runs : iterable of StoredRun
        All runs on disk.
    limits : RetentionLimits
        Limits to apply.
    now : float
        Current time, in seconds since 1970.

    Returns
    -------
    tuple of Removal
        Removals in the order in which to do them.
    """
    oldest_first = sorted(runs, key=lambda run: (run.changed, run.run))
    removals = []
    remaining = []
    for run in oldest_first:
        age = now - run.changed
        if run.done and run.checkpoint_bytes and age > limits.checkpoints_s:
            removals.append(Removal(run.run, "checkpoints", run.checkpoint_bytes, age))
            run = replace(run, bytes=run.bytes - run.checkpoint_bytes)
        remaining.append(run)
    total = sum(run.bytes for run in remaining)
    for run in remaining:
        age = now - run.changed
        if total <= limits.bytes or age <= limits.runs_s:
            break
        if not run.protected:
            removals.append(Removal(run.run, "run", run.bytes, age))
            total -= run.bytes
    return tuple(removals)


def stored_runs() -> list[StoredRun]:
    """Return all runs on disk, without those that are deleted during the call."""
    runs = []
    for folder in all_runs():
        with suppress(OSError):
            runs.append(_stored_run(folder))
    return runs


def due_removals() -> tuple[Removal, ...]:
    """Return the removals that are due now; raises `ConfigError` for an invalid setting."""
    return plan(stored_runs(), configured_limits(), time.time())


def apply_removals(removals: Sequence[Removal]) -> Iterator[Removal]:
    """Carry out ``removals`` and yield each one after it succeeded.

    A run that is in use by another process, or was pinned or requested since the plan, is kept.
    """
    for removal in removals:
        with suppress(SleepError, OSError):
            if _remove(removal):
                yield removal


def _stored_run(folder: RunFolder) -> StoredRun:
    changed = max(_modified(folder.record_file), _modified(folder.path / LOG))
    return StoredRun(
        folder.id,
        changed or folder.path.stat().st_mtime,
        _bytes_below(folder.path),
        _bytes_below(folder.checkpoints),
        is_done(folder),
        _protected(folder) or folder.is_running(),
    )


def _protected(folder: RunFolder) -> bool:
    return folder.pin.exists() or entries.contains(folder.id)


def is_done(folder: RunFolder) -> bool:
    """Return whether the run's log ends with the event of a finished night.

    Only the end of the log is read, because reading a long one takes seconds.
    """
    try:
        with open_inside(folder.path, LOG, max_bytes=sys.maxsize) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL_BYTES))
            last = file.read(_TAIL_BYTES).rsplit(b"\n", 2)
        return last[-1] == b"" and json.loads(last[-2]).get("kind") == "NightDone"
    except (OSError, ValueError, IndexError, AttributeError, RecursionError):
        return False


def _remove(removal: Removal) -> bool:
    folder = find_run(removal.run)
    lock = acquire(folder.lock, wait_s=0)
    if lock is None:
        return False
    with lock:
        if removal.what == "checkpoints":
            return _remove_checkpoints(folder)
        if _protected(folder):
            return False
        delete_run(folder)
    delete_failure(removal.run)
    return True


def _remove_checkpoints(folder: RunFolder) -> bool:
    """Remove the checkpoints of a done run; return False if it needs them or has none."""
    if entries.contains(folder.id) or not is_done(folder):
        return False
    try:
        remove_folder(folder.checkpoints)
    except FileNotFoundError:
        return False
    return True


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _bytes_below(folder: Path) -> int:
    """Return the disk space of all files below ``folder``, without following links."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as scan:
        for item in scan:
            if item.is_dir(follow_symlinks=False):
                total += _bytes_below(Path(item.path))
            else:
                total += item.stat(follow_symlinks=False).st_blocks * 512
    return total


def _format_age(seconds: float) -> str:
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.0f} hours"
    return f"{seconds / _DAY_S:.0f} days"
