"""Execution of one run in this process, from its last finished cycle to its end.

The engine's workers use this module, and so does ``python -m core run --local``.
"""

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from core.data import DatasetPair, load_pair
from core.engine.run_monitor import deletion_error, monitor_run
from core.queue import entries
from core.runs.events import Event, NightFailed, NightStarted, NightStopped
from core.runs.folder import RunFolder, RunRecord
from core.runs.log import RunLog
from core.runs.state import RunState, fold
from core.support.cpu import available_cores
from core.support.errors import RunError, SleepError
from core.support.locks import acquire
from core.support.stopping import Check, Stopped
from core.support.text import MAX_MESSAGE_LENGTH, shorten
from core.support.threads import ThreadBudget, torch_threads
from core.training.checkpoints import Checkpoints
from core.training.night import train

_LOCK_WAIT_S = 5.0  # until the system has released the lock of a killed process

_logger = logging.getLogger(__name__)


def execute_run(
    folder: RunFolder, worker: str = "local", running_runs: Callable[[], int] = lambda: 1
) -> Iterator[Event]:
    """Execute a run and yield its events; write each to the run's log first.

    The last event reports how the night ended: done, stopped or failed. At the end the run leaves
    the queue.

    Parameters
    ----------
    folder : RunFolder
        Folder of the run. The config is read from it and the run's log is continued.
    worker : str, default "local"
        Address of the worker, written to the heartbeat file.
    running_runs : callable
        Returns the current number of runs that share this machine's cores, including this one.
        The default is 1: this run may use all cores.

    Yields
    ------
    Event
        Every event of the night from now on; events already in the log are not repeated.

    Raises
    ------
    RunError
        If another process executes the run, or if its files are deleted meanwhile.
    LogError
        If the run's files are damaged.
    OSError
        If not even a failure can be written to the run's folder.
    """
    if not folder.path.is_dir():
        raise deletion_error(folder)
    lock = acquire(folder.lock, _LOCK_WAIT_S)
    if lock is None:
        raise RunError(f"run {folder.id} is already running in another process.")
    with lock:
        record = folder.record()
        with RunLog(folder.path) as log:
            state = fold(RunState(), log.earlier_events)
            try:
                with monitor_run(folder, worker, lock) as check, torch_threads():
                    threads = _thread_budget(record, running_runs)
                    for event in _remaining_events(record, folder, state, check, threads):
                        if isinstance(event, NightStarted):
                            folder.record_start(event)
                        log.append(event)
                        yield event
            except Exception as error:
                if not lock.holds(folder.lock):  # the error follows from the removed files
                    raise deletion_error(folder) from None
                last_event = _last_event(error, folder)
                log.append(last_event)
                yield last_event
        # Before the lock is released, or the run would appear to be queued again.
        entries.remove(folder.id)


def _thread_budget(record: RunRecord, running_runs: Callable[[], int]) -> ThreadBudget:
    """Return a function for the run's current share of the cores, at least 1 thread."""
    cores = available_cores()
    limit = cores if record.threads is None else record.threads
    return lambda: min(limit, max(1, cores // max(1, running_runs())))


def _remaining_events(
    record: RunRecord, folder: RunFolder, state: RunState, check: Check, threads: ThreadBudget
) -> Iterator[Event]:
    """Yield the events after the last checkpoint; all of them without one, none if it is done."""
    if state.outcome == "done":
        return
    check()
    # On another device than before, the numbers would differ. A run without a finished cycle
    # starts again, and chooses its device again.
    device = record.device if state.finished_cycles else None
    config = replace(record.config, device=device or record.config.device)
    yield from train(
        config,
        load_cached_pair(config.split, config.data),
        checkpoints=Checkpoints(folder.checkpoints),
        finished=state.finished_cycles,
        check=check,
        threads=threads,
    )


@functools.lru_cache(maxsize=2)
def load_cached_pair(split: str, source: str) -> DatasetPair:
    """Return the datasets of a night, cached for the next run in this process."""
    return load_pair(split, source)


def _last_event(error: Exception, folder: RunFolder) -> NightStopped | NightFailed:
    match error:
        case Stopped():
            return NightStopped()
        case SleepError():
            return NightFailed(shorten(str(error), MAX_MESSAGE_LENGTH))
        case OSError():
            return NightFailed(describe_write_error(folder, error))
    _logger.error("run %s", folder.id, exc_info=error)
    return NightFailed(
        f"internal error ({type(error).__name__}: {shorten(str(error))}); "
        "the engine's output shows where it occurred."
    )


def describe_write_error(folder: RunFolder, error: OSError) -> str:
    """Return the message for a failed write in the run's folder or of a file elsewhere."""
    path = f"the run's folder {folder.path}"
    if isinstance(error.filename, str) and not Path(error.filename).is_relative_to(folder.path):
        path = error.filename  # for example pre-trained weights in the user cache
    return (
        f"{path} cannot be written ({error.strerror or error}); "
        "make room or give access there, then resume the run."
    )
