"""Code of the worker processes: execute one run at a time, and warm up before the first.

This module imports no torch, because the dispatcher imports it too.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from core.queue.engine_state import last_published
from core.runs.events import NightDone
from core.runs.folder import RunFolder
from core.support.errors import RunError, SleepError

if TYPE_CHECKING:
    from distributed import Worker

_one_run_at_a_time = threading.Lock()  # for workers with several threads
_NICE_INCREMENT = 5  # of a run with lower priority, in the unit of nice(1)


class WorkerResult(TypedDict):
    """What a worker reports to the dispatcher, which then need not read a long log.

    Attributes
    ----------
    ended : bool
        Whether the run ended; False if another process executes it or it was deleted.
    problem : str or None
        Message of a failure that could not be written to the run's folder.
    seconds : float or None
        Duration of a night that is done.
    """

    ended: bool
    problem: str | None
    seconds: float | None


def execute_run_in_worker(path: str, lower_priority: bool) -> WorkerResult:
    """Execute the run in the folder ``path``, with a lower CPU priority on request."""
    from distributed import get_worker

    folder, worker = RunFolder(Path(path)), get_worker().address
    with _one_run_at_a_time:
        if not lower_priority:
            return _execute(folder, worker)
        # In a separate thread, because a thread cannot raise its lowered priority again.
        with ThreadPoolExecutor(1, initializer=_lower_thread_priority) as thread:
            return thread.submit(_execute, folder, worker).result()


def _lower_thread_priority() -> None:
    if sys.platform == "linux":  # on other systems only whole processes have a priority
        with suppress(OSError):
            thread = threading.get_native_id()
            engine_priority = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, engine_priority + _NICE_INCREMENT)


def _execute(folder: RunFolder, worker: str) -> WorkerResult:
    from core.engine.run_execution import describe_write_error, execute_run

    seconds = None
    try:
        for event in execute_run(folder, worker, lambda: len(last_published().running)):
            if isinstance(event, NightDone):
                seconds = event.seconds
    except RunError:
        return {"ended": False, "problem": None, "seconds": None}
    except SleepError as error:
        return {"ended": True, "problem": str(error), "seconds": None}
    except OSError as error:
        return {"ended": True, "problem": describe_write_error(folder, error), "seconds": None}
    return {"ended": True, "problem": None, "seconds": seconds}


def dask_setup(worker: "Worker") -> None:
    """Warm up; Dask calls this in every worker that preloads this module, before any run."""
    from core.engine.warm_up import warm_up

    warm_up()
