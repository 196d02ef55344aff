"""Number of CPU cores available to this process."""

from core.support.validation import integer


def available_cores() -> int:
    """Return the number of cores this process may use.

    The number respects the CPU affinity of the process and the CPU limit of its container.
    """
    from dask.system import cpu_count  # imported late: the first import takes 0.2 s

    return cpu_count()


def usable_threads(threads: object) -> int:
    """Validate a number of threads; None means all available cores.

    Raise `ConfigError` unless ``threads`` is None or a whole number from 1 to `available_cores`.
    """
    cores = available_cores()
    if threads is None:
        return cores
    return integer("threads", threads, 1, cores, "this machine's cores")
