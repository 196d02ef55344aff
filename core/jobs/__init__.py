"""Runs as jobs: the client side of the engine, for the page, the command line and notebooks.

    from core import jobs
    from core.schedule.config import RunConfig

    run = jobs.submit(RunConfig(num_cycles=5))
    for event in jobs.follow(run):
        print(event)

The program that submits a run keeps an engine running until the program ends. A run that has not
ended by then continues as soon as an engine is running again. This package does not import torch
or Dask.
"""

from core.jobs.client import (
    current_user,
    delete,
    follow,
    resume,
    runs,
    state,
    stop,
    submit,
    unfinished,
)
from core.jobs.engine_info import engine_ready, expected_seconds
from core.jobs.engine_process import keep_engine
from core.jobs.follower import Follower, Snapshot, Status

__all__ = [
    "Follower",
    "Snapshot",
    "Status",
    "current_user",
    "delete",
    "engine_ready",
    "expected_seconds",
    "follow",
    "keep_engine",
    "resume",
    "runs",
    "state",
    "stop",
    "submit",
    "unfinished",
]
