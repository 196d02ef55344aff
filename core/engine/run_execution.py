"""Sleeping one run's night in this process, from wherever it stands to its end.

Every way of running a night comes here: the engine's workers, and `python -m core run --local`.
"""

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from core.data import DatasetPair, load_pair
from core.engine.run_monitor import deletion_error, monitored
from core.queue import entries
from core.runs.events import Event, NightFailed, NightStarted, NightStopped
from core.runs.folder import RunFolder, RunRecord
from core.runs.log import RunLog
from core.runs.state import RunState, fold
from core.support.cpu import available_cores
from core.support.errors import RunError, SleepError
from core.support.locks import acquire
from core.support.stopping import Check, Stopped
from core.support.text import LONGEST_SENTENCE, shorten
from core.support.threads import ThreadBudget, torch_threads
from core.training.checkpoints import Checkpoints
from core.training.night import train

_WAIT_S = 5.0  # for a process that was killed to be really gone

_logger = logging.getLogger(__name__)


def execute_run(
    folder: RunFolder, worker: str = "local", asleep: Callable[[], int] = lambda: 1
) -> Iterator[Event]:
    """Sleep the run's night, writing every event to its log before yielding it.

    ``asleep`` tells how many nights share this machine's cores, this one included.

    A night that ends well, is stopped or fails says so in its last event. Raises `RunError` when
    another process sleeps it or its files are deleted meanwhile, `LogError` when its files are
    damaged and OSError when nothing can be written to its folder, not even that.
    """
    if not folder.path.is_dir():
        raise deletion_error(folder)
    lock = acquire(folder.lock, _WAIT_S)
    if lock is None:
        raise RunError(f"run {folder.id} is asleep in another process already.")
    with lock:
        record = folder.record()
        with RunLog(folder.path) as log:
            state = fold(RunState(), log.earlier)
            try:
                with monitored(folder, worker, lock) as check, torch_threads():
                    threads = _share(record, asleep)
                    for event in _night(record, folder, state, check, threads):
                        if isinstance(event, NightStarted):
                            folder.note_start(event)
                        log.append(event)
                        yield event
            except Exception as error:
                if not lock.holds(folder.lock):  # what failed is that its files are gone
                    raise deletion_error(folder) from None
                ending = _ending(error, folder)
                log.append(ending)
                yield ending
        # Before the lock goes, or the run would seem to wait for another sleep.
        entries.remove(folder.id)


def _share(record: RunRecord, asleep: Callable[[], int]) -> ThreadBudget:
    """How many threads the night may use now."""
    present = available_cores()
    most = present if record.threads is None else record.threads
    return lambda: min(most, max(1, present // max(1, asleep())))


def _night(
    record: RunRecord, folder: RunFolder, state: RunState, check: Check, threads: ThreadBudget
) -> Iterator[Event]:
    """The rest of the night: all of it, what follows the last checkpoint, or nothing."""
    if state.outcome == "done":
        return
    check()
    # Another device would not give the same numbers.
    config = replace(record.config, device=record.device or record.config.device)
    yield from train(
        config,
        load_images(config.split, config.data),
        checkpoints=Checkpoints(folder.checkpoints),
        finished=state.finished,
        check=check,
        threads=threads,
    )


@functools.lru_cache(maxsize=2)
def load_images(split: str, source: str) -> DatasetPair:
    """The images of a night, kept for the process' next one."""
    return load_pair(split, source)


def _ending(error: Exception, folder: RunFolder) -> NightStopped | NightFailed:
    match error:
        case Stopped():
            return NightStopped()
        case SleepError():
            return NightFailed(shorten(str(error), LONGEST_SENTENCE))
        case OSError():
            return NightFailed(describe_write_error(folder, error))
    _logger.error("run %s", folder.id, exc_info=error)
    return NightFailed(
        f"a fault in the program ({type(error).__name__}: {shorten(str(error))}); "
        "the engine's output tells where."
    )


def describe_write_error(folder: RunFolder, error: OSError) -> str:
    """The sentence for what cannot be written: the run's folder, or a file outside of it."""
    place = f"the run's folder {folder.path}"
    if isinstance(error.filename, str) and not Path(error.filename).is_relative_to(folder.path):
        place = error.filename  # pre-trained weights in the user's cache, for example
    return (
        f"{place} cannot be written ({error.strerror or error}); "
        "make room or give access there, then resume the run."
    )
