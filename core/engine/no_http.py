"""Scheduler and worker of the local cluster, without the HTTP servers that Dask starts in each.

No Dask setting turns these servers off: ``dashboard=False`` still opens an HTTP port, without
pages.
"""

from typing import Any

from distributed import Scheduler, Worker


class _WithoutHttp:
    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Override Dask's method: open no HTTP port."""


class SchedulerWithoutHttp(_WithoutHttp, Scheduler):
    """A scheduler that listens on its TLS port only."""


class WorkerWithoutHttp(_WithoutHttp, Worker):
    """A worker that listens on its TLS port only."""
