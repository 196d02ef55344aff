"""How many CPU cores there are to work with."""

from core.support.validation import integer


def available_cores() -> int:
    """The cores that this process may use, by its machine, its affinity and its container."""
    from dask.system import cpu_count  # late, as it takes a fifth of a second the first time

    return cpu_count()


def usable_threads(threads: object) -> int:
    """``threads`` as a number of this machine's cores, None being all of them."""
    present = available_cores()
    if threads is None:
        return present
    return integer("threads", threads, 1, present, "this machine's cores")
