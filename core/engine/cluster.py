"""The Dask cluster that executes runs: a local one, or the one at DASK_SCHEDULER_ADDRESS."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import Client, Nanny, SpecCluster
from distributed.security import Security

from core.engine.no_http import SchedulerWithoutHttp, WorkerWithoutHttp
from core.queue.problems import EngineProblemError, Problem, ProblemCode
from core.support.environment import scheduler_address

_CONNECT_S = 10
_LOOPBACK = "127.0.0.1"
_PRELOADED_MODULE = "core.engine.worker"
_DASK_SETTINGS = {
    # A worker's death is reported at once; the dispatcher counts how often a run may cause one.
    "distributed.scheduler.allowed-failures": 0,
    # Torch is imported once and shared, so a new worker starts quickly.
    "distributed.worker.multiprocessing-method": "forkserver",
    # On a busy machine a worker needs time to return and must not be given up meanwhile.
    "distributed.deploy.lost-worker-timeout": "2m",
    "distributed.admin.tick.limit": "1m",  # a busy machine is not worth a warning either
    # Sampling a run's stack a hundred times a second costs several per cent of its time.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # Dask's own web pages are off (see `no_http`), so their modules are not imported either.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def address_of_scheduler(client: Client) -> str:
    """Return the address of the scheduler of ``client``, "" while it is not connected."""
    return str(client.scheduler.address) if client.scheduler else ""


@contextmanager
def connect(workers: int) -> Iterator[Client]:
    """Yield a client of the cluster; ``workers`` is the number of workers of a local one.

    Raises `EngineError` if no scheduler answers at DASK_SCHEDULER_ADDRESS.

    A scheduler executes whatever it receives. So the local one listens on loopback only, speaks
    TLS and accepts only clients with credentials that are generated for it and never leave this
    process and its workers.
    """
    address = scheduler_address()
    with dask.config.set(_DASK_SETTINGS):
        if address is None:
            with _local_cluster(workers) as cluster, Client(cluster) as client:
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


def count_workers(client: Client) -> int:
    """Return the current number of workers; costs one request to the scheduler."""
    return len(client.scheduler_info(n_workers=-1)["workers"])


def replace_lost_workers(client: Client) -> None:
    """Start a new worker for each lost one of a local cluster; do nothing for another cluster."""
    cluster = client.cluster
    if cluster is not None:
        cluster.scale(len(cluster.worker_spec))


def _local_cluster(workers: int) -> SpecCluster:
    network = {"host": _LOOPBACK, "protocol": "tls://", "security": Security.temporary()}
    worker = {
        "cls": Nanny,
        "options": {
            **network,
            "worker_class": WorkerWithoutHttp,
            "nthreads": 1,
            "memory_limit": 0,  # a run needs little memory; the default could kill its worker
            "preload": [_PRELOADED_MODULE],
            "local_directory": tempfile.gettempdir(),
            "silence_logs": logging.WARNING,
            "dashboard": False,
        },
    }
    scheduler = {
        "cls": SchedulerWithoutHttp,
        "options": {**network, "port": 0, "dashboard": False},
    }
    return SpecCluster(
        workers=dict.fromkeys(range(workers), worker),
        worker=worker,
        scheduler=scheduler,
        security=network["security"],
        silence_logs=logging.WARNING,
    )
