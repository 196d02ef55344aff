"""`core.support.threads`: parallel work and torch's thread count."""

import threading

import pytest
import torch

from core.support.errors import ConfigError
from core.support.threads import parallel_map, torch_threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parallel_map_returns_results_in_the_order_of_the_items(threads: int) -> None:
    assert parallel_map(lambda item: item * 2, [3, 1, 2], threads) == [6, 2, 4]


def test_parallel_map_processes_as_many_items_at_a_time_as_it_has_threads() -> None:
    barrier = threading.Barrier(2, timeout=60)
    parallel_map(lambda _: barrier.wait(), [1, 2], 2)  # fails if run one after the other


@pytest.mark.parametrize("threads", [1, 2])
def test_parallel_map_raises_the_error_of_an_item(threads: int) -> None:
    def work(item: int) -> None:
        if item == 2:
            raise ConfigError("no.")

    with pytest.raises(ConfigError, match=r"no\."):
        parallel_map(work, [1, 2, 3], threads)


def test_torch_uses_one_thread_in_each_thread_of_parallel_map(one_thread: int) -> None:
    assert parallel_map(lambda _: torch.get_num_threads(), [1, 2], 2) == [1, 1]


def test_torchs_thread_count_is_restored_after_the_block() -> None:
    previous = torch.get_num_threads()
    with torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == previous
    with pytest.raises(ConfigError, match="threads is 100000"), torch_threads(100_000):
        pass
