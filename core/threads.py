"""How many CPU threads torch works with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.checks import whole


@contextmanager
def cpu_threads(count: object) -> Iterator[None]:
    """Work with ``count`` threads inside the block; raises `ConfigError` for more than there are.

    Results are bit for bit the same only for the same number of threads.
    """
    wanted = whole("threads", count, 1, os.cpu_count() or 1, "this machine's cores")
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
