"""What there is to sleep nights with: this machine's cores, or a cluster's address."""

import os


def scheduler_address() -> str | None:
    """The scheduler named by ``DASK_SCHEDULER_ADDRESS``, None for a cluster of our own."""
    return os.environ.get("DASK_SCHEDULER_ADDRESS", "").strip() or None


def cores() -> int:
    """The CPU cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
