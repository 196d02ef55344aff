"""CPU threads of a night: the thread budget, parallel work and torch's thread count."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from core.support.cpu import usable_threads

Item = TypeVar("Item")
Result = TypeVar("Result")

ThreadBudget = Callable[[], int]  # returns the number of threads that may be used now


def one_thread() -> int:
    """Thread budget of a night without other budget: one thread."""
    return 1


def parallel_map(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> list[Result]:
    """Apply ``work`` to each item, in up to ``threads`` threads.

    One thread processes an item from start to end; new threads limit torch to one thread each. So
    the threads do not wait for each other, and where torch's thread count is 1 the results do not
    depend on ``threads``.

    Parameters
    ----------
    work : Callable
        Function of one item.
    items : Sequence
        Items to process.
    threads : int
        Largest number of items processed at the same time, from 1.

    Returns
    -------
    list
        Result of each item, in the order of ``items``.

    Raises
    ------
    Exception
        The exception of the first item, in the order of ``items``, that raised one.
    """
    if min(threads, len(items)) == 1:
        return [work(item) for item in items]
    # The count that torch uses is set per thread, so each new thread sets it.
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, items))


@contextmanager
def torch_threads(count: object = 1) -> Iterator[None]:
    """Set torch's thread count to ``count`` inside the block; None means all available cores.

    Raise `ConfigError` for more threads than cores. Results of torch's operations may differ in
    their last bits between thread counts.
    """
    threads = usable_threads(count)
    previous = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(previous)
