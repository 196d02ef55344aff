"""What the engine tidies at its start and every hour, in a thread of its own."""

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from core.engine.output_file import shorten_output
from core.jobs.retention import apply, due
from core.queue.engine_users import clear_ended_users
from core.queue.failures import delete_failure, reserve_space
from core.queue.paths import failure_file
from core.runs.folder import ID, find_run, runs_dir
from core.runs.gallery import gallery
from core.support.errors import RunError, SleepError
from core.support.locks import acquire

_EVERY_S = 3_600.0
_DELETED = re.compile(rf"\.{ID}\.deleted")
_SCRATCH = re.compile(rf"\.({ID})\.tmp")

_logger = logging.getLogger(__name__)


def start_housekeeping() -> None:
    """Tidy now and every hour, until this process ends; returns at once."""
    threading.Thread(target=_forever, name="housekeeping", daemon=True).start()


def clean_up() -> None:
    """Remove what the retention settings say, and what killed processes left behind."""
    _try(clear_leftovers)
    _try(clear_ended_users)
    _try(shorten_output)
    _try(_apply_retention)
    _try(reserve_space)


def clear_leftovers(older_than_s: float = _EVERY_S) -> None:
    """Remove what broken deletions, a broken `keep` and deleted runs left.

    What is younger than ``older_than_s`` may be a deletion at work, and stays.
    """
    latest = time.time() - older_than_s
    checkpoints = (run / ".checkpoints.deleted" for run in _children(runs_dir()))
    for folder in (*_matching(runs_dir(), _DELETED), *checkpoints):
        with suppress(FileNotFoundError, NotADirectoryError):
            if folder.stat().st_ctime <= latest:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in _matching(gallery(), _SCRATCH):
        _clear_scratch(folder)
    for file in _children(failure_file("").parent):
        if not (runs_dir() / file.stem).is_dir():
            delete_failure(file.stem)


def _clear_scratch(folder: Path) -> None:
    """Remove a copy that `keep` has not finished, unless it is at work: it holds the run's lock."""
    try:
        lock = acquire(find_run(folder.name[1 : -len(".tmp")]).lock, wait_s=0)
    except RunError:  # the run is gone, and with it whoever copied it
        shutil.rmtree(folder, ignore_errors=True)
        return
    if lock is not None:
        with lock:
            shutil.rmtree(folder, ignore_errors=True)


def _apply_retention() -> None:
    for removal in apply(due()):
        _logger.warning("removed %s.", removal)


def _try(task: Callable[[], None]) -> None:
    """One task must not keep the others from being done."""
    try:
        task()
    except (SleepError, OSError) as error:
        _logger.error("%s", error)


def _forever() -> None:
    pause = threading.Event()
    while True:
        clean_up()
        pause.wait(_EVERY_S)


def _matching(folder: Path, name: re.Pattern[str]) -> Iterator[Path]:
    return (child for child in _children(folder) if name.fullmatch(child.name))


def _children(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return list(folder.iterdir())
    return []
