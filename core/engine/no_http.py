"""Scheduler and worker of our own cluster, without the HTTP servers that Dask starts in each.

No setting turns these off: `dashboard=False` leaves an HTTP port without pages open.
"""

from typing import Any

from distributed import Scheduler, Worker


class _NoHttp:
    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Open no HTTP port, where Dask's method would."""


class QuietScheduler(_NoHttp, Scheduler):
    """A scheduler that listens on its TLS port only."""


class QuietWorker(_NoHttp, Worker):
    """A worker that listens on its TLS port only."""
