"""What runs in a worker process: one night at a time, and a warm start for the first.

Importing this is light, for the dispatcher names the function below without having torch.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.queue.engine_state import last_published
from core.runs.events import NightDone
from core.runs.folder import RunFolder
from core.support.errors import RunError, SleepError

if TYPE_CHECKING:
    from distributed import Worker

_one_at_a_time = threading.Lock()  # a worker with more threads would share cores and memory
_NICER = 5  # how much a night gives way to others of the engine, as in nice(1)


def execute_run_in_worker(path: str, gives_way: bool) -> dict[str, Any]:
    """Sleep the night of the run in the folder ``path``; it may leave the processor to others.

    Returns {"ended": whether the run is over, "problem": the sentence of a failure that the
    run's own folder could not take, "seconds": the time of a night that is done, else None}. The
    dispatcher need not read the log for it, which takes seconds for a long night.
    """
    from distributed import get_worker

    folder, worker = RunFolder(Path(path)), get_worker().address
    with _one_at_a_time:
        if not gives_way:
            return _sleep(folder, worker)
        # A thread of its own, because what has once been made nicer can never be less so again.
        with ThreadPoolExecutor(1, initializer=_be_nice) as thread:
            return thread.submit(_sleep, folder, worker).result()


def _be_nice() -> None:
    if sys.platform == "linux":  # elsewhere it is the whole process that is nice or is not
        with suppress(OSError):
            thread = threading.get_native_id()
            engines = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, engines + _NICER)


def _sleep(folder: RunFolder, worker: str) -> dict[str, Any]:
    from core.engine.run_execution import describe_write_error, execute_run

    seconds = None
    try:
        for event in execute_run(folder, worker, lambda: len(last_published().asleep)):
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
    """Called by Dask in every worker that preloads this module, before it takes any work."""
    from core.engine.warm_up import warm_up

    warm_up()
