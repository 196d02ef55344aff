"""Housekeeping of the outputs folder: at the engine's start and every hour, in its own thread."""

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from core.engine.output_file import truncate_output_file
from core.jobs.retention import apply_removals, due_removals
from core.queue.engine_users import clear_ended_users
from core.queue.failures import delete_failure, reserve_space
from core.queue.paths import failure_file
from core.runs.folder import ID, find_run, runs_dir
from core.runs.gallery import gallery
from core.support.errors import RunError, SleepError
from core.support.locks import acquire

_INTERVAL_S = 3_600.0
_DELETED_RUN = re.compile(rf"\.{ID}\.deleted")
_UNFINISHED_COPY = re.compile(rf"\.({ID})\.tmp")

_logger = logging.getLogger(__name__)


def start_housekeeping() -> None:
    """Call `clean_up` now and every hour until this process exits; return at once."""
    threading.Thread(target=_repeat_clean_up, name="housekeeping", daemon=True).start()


def clean_up() -> None:
    """Apply the retention settings and remove what killed processes left; log all errors."""
    _log_errors(remove_leftovers)
    _log_errors(clear_ended_users)
    _log_errors(truncate_output_file)
    _log_errors(_apply_retention)
    _log_errors(reserve_space)


def remove_leftovers(older_than_s: float = _INTERVAL_S) -> None:
    """Remove the rest of interrupted deletions, unfinished copies and failures of deleted runs.

    A folder to delete that is younger than ``older_than_s`` seconds may belong to a deletion in
    progress and stays.
    """
    latest = time.time() - older_than_s
    checkpoints = (run / ".checkpoints.deleted" for run in _children(runs_dir()))
    for folder in (*_matching(runs_dir(), _DELETED_RUN), *checkpoints):
        with suppress(FileNotFoundError, NotADirectoryError):
            if folder.stat().st_ctime <= latest:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in _matching(gallery(), _UNFINISHED_COPY):
        _remove_unfinished_copy(folder)
    for file in _children(failure_file("").parent):
        if not (runs_dir() / file.stem).is_dir():
            delete_failure(file.stem)


def _remove_unfinished_copy(folder: Path) -> None:
    """Remove the copy of an interrupted ``runs keep``. One in progress holds the run's lock."""
    try:
        lock = acquire(find_run(folder.name[1 : -len(".tmp")]).lock, wait_s=0)
    except RunError:  # the run was deleted, so no process copies it
        shutil.rmtree(folder, ignore_errors=True)
        return
    if lock is not None:
        with lock:
            shutil.rmtree(folder, ignore_errors=True)


def _apply_retention() -> None:
    for removal in apply_removals(due_removals()):
        _logger.warning("removed %s.", removal)


def _log_errors(task: Callable[[], None]) -> None:
    """Run ``task``; an error must not prevent the next task."""
    try:
        task()
    except (SleepError, OSError) as error:
        _logger.error("%s", error)


def _repeat_clean_up() -> None:
    pause = threading.Event()
    while True:
        clean_up()
        pause.wait(_INTERVAL_S)


def _matching(folder: Path, name: re.Pattern[str]) -> Iterator[Path]:
    return (child for child in _children(folder) if name.fullmatch(child.name))


def _children(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return list(folder.iterdir())
    return []
