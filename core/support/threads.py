"""How many CPU threads a night works with."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from core.support.cpu import usable_threads

Item = TypeVar("Item")
Result = TypeVar("Result")

ThreadBudget = Callable[[], int]  # how many may be used now


def one_thread() -> int:
    """The threads of a night that nobody gives more."""
    return 1


def parallel_map(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> list[Result]:
    """The results of ``work`` on each of ``items``, up to ``threads`` of them at a time.

    Each item is worked on by one thread alone. So nothing depends on how many there are, as it
    would if torch's own threads shared an item out, and they need not wait for each other.
    """
    if min(threads, len(items)) == 1:
        return [work(item) for item in items]
    # A new thread's own share of torch's threads is to be one as well.
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, items))


@contextmanager
def torch_threads(count: object = 1) -> Iterator[None]:
    """Have torch share each operation out to ``count`` threads inside the block.

    Raises `ConfigError` for more than there are cores. With another number results may differ in
    their last bits.
    """
    wanted = usable_threads(count)
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
