"""Which cluster sleeps the nights, where it is not one of our own."""

import os


def scheduler_address() -> str | None:
    """The scheduler named by ``DASK_SCHEDULER_ADDRESS``, None for a cluster of our own."""
    return os.environ.get("DASK_SCHEDULER_ADDRESS", "").strip() or None
