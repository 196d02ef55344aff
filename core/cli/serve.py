"""``serve-engine``: the job engine in the foreground, for as long as somebody wants it."""

import argparse
import sys

from core.cli.terminal import say
from core.engine.serve import serve
from core.queue.engine_state import take_engine_lock
from core.runs.folder import runs_dir
from core.support.cpu import available_cores
from core.support.environment import scheduler_address
from core.support.errors import ConfigError, EngineError
from core.support.text import log_printably
from core.support.validation import integer

_MOST_WORKERS = 1024


def serve_engine(options: argparse.Namespace) -> None:
    """Serve the outputs folder's queue until a signal; does not return."""
    where = _where(options.workers)
    lock = take_engine_lock()
    if lock is None:
        raise EngineError(f"an engine serves the runs in {runs_dir()} already; one is enough.")
    say(f"serving the runs in {runs_dir()} with {where}; Ctrl-C ends it.")
    sys.stdout.flush()
    log_printably()
    serve(lock, stay=True, workers=options.workers)


def _where(workers: object) -> str:
    """Who sleeps the nights; raises `ConfigError` for what cannot be a number of workers."""
    address = scheduler_address()
    if workers is None:
        count = available_cores()
    else:
        count = integer("workers", workers, 1, _MOST_WORKERS)
        if address is not None:
            raise ConfigError(
                f"workers is {count}, but those of the Dask scheduler {address} are used, which "
                "DASK_SCHEDULER_ADDRESS names; drop one of them."
            )
    if address is not None:
        return f"the workers of the Dask scheduler {address}"
    return f"{count} worker{'s' if count > 1 else ''} on this machine"
