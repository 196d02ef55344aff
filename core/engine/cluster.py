"""The Dask cluster that sleeps the nights: one of our own on this machine, or the one asked for."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import Client, Nanny, SpecCluster
from distributed.security import Security

from core.engine.no_http import QuietScheduler, QuietWorker
from core.queue.problems import EngineProblemError, Problem, ProblemCode
from core.support.environment import scheduler_address

_CONNECT_S = 10
_LOOPBACK = "127.0.0.1"
_WARM = "core.engine.worker"
_SETTINGS = {
    # A worker's death is told at once; the dispatcher knows how often a night may cost one.
    "distributed.scheduler.allowed-failures": 0,
    # Torch is imported once and shared; a new worker is there in a moment.
    "distributed.worker.multiprocessing-method": "forkserver",
    # On a busy machine a worker is some time in coming back, and must not be given up meanwhile.
    "distributed.deploy.lost-worker-timeout": "2m",
    "distributed.admin.tick.limit": "1m",  # nor is that worth a warning
    # Looking at a night's stack a hundred times a second costs it some per cent of its time.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # Dask's own pages are off (see `quiet`), so their modules are not imported either.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def address_of(client: Client) -> str:
    """Where the scheduler of ``client`` listens, "" while it is not connected."""
    return str(client.scheduler.address) if client.scheduler else ""


@contextmanager
def connect(workers: int) -> Iterator[Client]:
    """A client of the cluster; raises `EngineError` where there is none to be had.

    Our own listens on loopback only, speaks TLS and lets in only who has the credentials, which
    are made for it and never leave this process and its workers: a scheduler runs what it is sent.
    """
    address = scheduler_address()
    with dask.config.set(_SETTINGS):
        if address is None:
            with _own(workers) as cluster, Client(cluster) as client:
                yield client
            return
        try:
            client = Client(address, timeout=_CONNECT_S)
        except (OSError, TimeoutError, ValueError) as error:
            parameters = {"address": address, "reason": str(error)}
            raise EngineProblemError(
                Problem(ProblemCode.SCHEDULER_UNREACHABLE, parameters)
            ) from None
        with client:
            yield client


def workers_of(client: Client) -> int:
    """How many workers there are now; costs a question to the scheduler."""
    return len(client.scheduler_info(n_workers=-1)["workers"])


def replace_lost_workers(client: Client) -> None:
    """Have the workers of our own cluster replaced that are gone for good."""
    own = client.cluster
    if own is not None:
        own.scale(len(own.worker_spec))


def _own(workers: int) -> SpecCluster:
    reach = {"host": _LOOPBACK, "protocol": "tls://", "security": Security.temporary()}
    worker = {
        "cls": Nanny,
        "options": {
            **reach,
            "worker_class": QuietWorker,
            "nthreads": 1,
            "memory_limit": 0,  # a night's need is small and known; the default could kill it
            "preload": [_WARM],
            "local_directory": tempfile.gettempdir(),
            "silence_logs": logging.WARNING,
            "dashboard": False,
        },
    }
    return SpecCluster(
        workers=dict.fromkeys(range(workers), worker),
        worker=worker,
        scheduler={"cls": QuietScheduler, "options": {**reach, "port": 0, "dashboard": False}},
        security=reach["security"],
        silence_logs=logging.WARNING,
    )
