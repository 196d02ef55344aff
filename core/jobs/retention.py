"""What is kept on disk, and for how long: a plan made from plain values, and its execution.

Checkpoints serve a night that is not done; those of a done run go after a day. Runs go only when
all of them together take too much room: the oldest first, and none that is young, pinned, waiting
or running. Recorded nights lie elsewhere and are never touched.
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

_TAIL_BYTES = 4_096  # of a log; its last line, if the night is done, is far shorter
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_GB, _MB = 1e9, 1e6

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How long checkpoints of done runs and all runs are kept, and how much room runs may take."""

    checkpoints_s: float
    runs_s: float
    bytes: float


@dataclass(frozen=True)
class Stored:
    """A run on disk: when it last changed (seconds since 1970), and what it takes.

    ``bytes`` includes ``checkpoint_bytes``. ``protected``: it is pinned, waits or runs.
    """

    run: str
    changed: float
    bytes: int
    checkpoint_bytes: int
    done: bool
    protected: bool


@dataclass(frozen=True)
class Removal:
    """One thing that goes: a run, or only its checkpoints."""

    run: str
    what: Literal["run", "checkpoints"]
    bytes: int
    age_s: float

    def __str__(self) -> str:
        what = f"run {self.run}" if self.what == "run" else f"the checkpoints of run {self.run}"
        return f"{what}: {self.bytes / _MB:.1f} MB, unchanged for {_span(self.age_s)}"


def limits() -> Limits:
    """The limits that the settings give; raises `ConfigError` for a bad one."""
    return Limits(
        environment.keep_checkpoints_hours() * _HOUR_S,
        environment.keep_days() * _DAY_S,
        environment.keep_gb() * _GB,
    )


def plan(runs: Iterable[Stored], limits: Limits, now: float) -> tuple[Removal, ...]:
    """What goes of ``runs`` at the time ``now``, in order; a pure function."""
    oldest_first = sorted(runs, key=lambda run: (run.changed, run.run))
    removals = []
    left = []
    for run in oldest_first:
        age = now - run.changed
        if run.done and run.checkpoint_bytes and age > limits.checkpoints_s:
            removals.append(Removal(run.run, "checkpoints", run.checkpoint_bytes, age))
            run = replace(run, bytes=run.bytes - run.checkpoint_bytes)
        left.append(run)
    total = sum(run.bytes for run in left)
    for run in left:
        age = now - run.changed
        if total <= limits.bytes or age <= limits.runs_s:
            break
        if not run.protected:
            removals.append(Removal(run.run, "run", run.bytes, age))
            total -= run.bytes
    return tuple(removals)


def stored() -> list[Stored]:
    """All runs as they lie on disk now; one that vanishes meanwhile is left out."""
    found = []
    for folder in all_runs():
        with suppress(OSError):
            found.append(_look(folder))
    return found


def due() -> tuple[Removal, ...]:
    """What goes now; raises `ConfigError` for a bad setting."""
    return plan(stored(), limits(), time.time())


def apply(removals: Sequence[Removal]) -> Iterator[Removal]:
    """Remove what is planned and yield each thing that is gone.

    A run that another process uses, or that was pinned or requested since, is left alone.
    """
    for removal in removals:
        with suppress(SleepError, OSError):
            if _remove(removal):
                yield removal


def _look(folder: RunFolder) -> Stored:
    changed = max(_changed(folder.record_file), _changed(folder.path / LOG))
    return Stored(
        folder.id,
        changed or folder.path.stat().st_mtime,
        _bytes_below(folder.path),
        _bytes_below(folder.checkpoints),
        is_done(folder),
        _protected(folder) or folder.asleep(),
    )


def _protected(folder: RunFolder) -> bool:
    return folder.pin.exists() or entries.contains(folder.id)


def is_done(folder: RunFolder) -> bool:
    """Whether the last line of the run's log is a night's end. A long log is not read for it."""
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
            return is_done(folder) and not entries.contains(folder.id) and _drop(folder.checkpoints)
        if _protected(folder):
            return False
        delete_run(folder)
    delete_failure(removal.run)
    return True


def _drop(folder: Path) -> bool:
    """Remove a folder; False if it is not there."""
    try:
        remove_folder(folder)
    except FileNotFoundError:
        return False
    return True


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _bytes_below(folder: Path) -> int:
    """What the files below ``folder`` take on disk; links are not followed."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += _bytes_below(Path(entry.path))
            else:
                total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _span(seconds: float) -> str:
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.0f} hours"
    return f"{seconds / _DAY_S:.0f} days"
