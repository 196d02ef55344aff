"""What runs in a worker process: one night at a time, and a warm start for the first.

Importing this is light, for the dispatcher names the function below without having torch.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError, SleepError
from core.store.folder import RunFolder

if TYPE_CHECKING:
    from distributed import Worker

_one_at_a_time = threading.Lock()  # a worker with more threads would share cores and memory


def sleep_run(path: str) -> dict[str, Any]:
    """Sleep the night of the run in the folder ``path``.

    Returns {"ended": whether the run is over, "problem": the sentence of a failure that the
    run's own folder could not take}.
    """
    from distributed import get_worker

    from core.engine.sleep import sleep, unwritable

    folder = RunFolder(Path(path))
    with _one_at_a_time:
        try:
            for _ in sleep(folder, get_worker().address):
                pass
        except RunError:
            return {"ended": False, "problem": None}
        except SleepError as error:
            return {"ended": True, "problem": str(error)}
        except OSError as error:
            return {"ended": True, "problem": unwritable(folder, error)}
    return {"ended": True, "problem": None}


def dask_setup(worker: "Worker") -> None:
    """Called by Dask in every worker that preloads this module, before it takes any work."""
    from core.engine.warm import warm_up

    warm_up()
