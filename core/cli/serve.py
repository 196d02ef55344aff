"""``serve-engine``: run the job engine in the foreground until a signal stops it."""

import argparse
import sys

from core.cli.terminal import print_lines
from core.engine.serve import serve
from core.queue.engine_state import take_engine_lock
from core.runs.folder import runs_dir
from core.support.cpu import available_cores
from core.support.environment import scheduler_address
from core.support.errors import ConfigError, EngineError
from core.support.text import log_printably
from core.support.validation import integer

_MAX_WORKERS = 1024


def serve_engine(options: argparse.Namespace) -> None:
    """Serve the queue of the outputs folder until a signal arrives; does not return.

    Raises `ConfigError` for an invalid number of workers, and `EngineError` if another engine
    serves the same folder.
    """
    workers = _describe_workers(options.workers)
    lock = take_engine_lock()
    if lock is None:
        raise EngineError(f"another engine already serves the runs in {runs_dir()}.")
    print_lines(f"serving the runs in {runs_dir()} with {workers}; Ctrl-C stops it.")
    sys.stdout.flush()
    log_printably()
    serve(lock, stay=True, workers=options.workers)


def _describe_workers(workers: object) -> str:
    """Return which workers execute the runs; raise `ConfigError` if ``workers`` is invalid."""
    address = scheduler_address()
    if workers is None:
        count = available_cores()
    else:
        count = integer("workers", workers, 1, _MAX_WORKERS)
        if address is not None:
            raise ConfigError(
                f"workers is {count}, but DASK_SCHEDULER_ADDRESS selects the workers of the Dask "
                f"scheduler {address}; remove one of the two settings."
            )
    if address is not None:
        return f"the workers of the Dask scheduler {address}"
    return f"{count} worker{'s' if count > 1 else ''} on this machine"
