"""Work shared out to threads."""

import threading

import pytest
import torch

from core.support.errors import ConfigError
from core.support.threads import parallel_map, torch_threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    assert parallel_map(lambda item: item * 2, [3, 1, 2], threads) == [6, 2, 4]


def test_so_many_are_worked_on_at_a_time() -> None:
    both = threading.Barrier(2, timeout=60)
    parallel_map(lambda _: both.wait(), [1, 2], 2)  # would not end one after the other


@pytest.mark.parametrize("threads", [1, 2])
def test_what_one_item_raises_is_raised(threads: int) -> None:
    def work(item: int) -> None:
        if item == 2:
            raise ConfigError("no.")

    with pytest.raises(ConfigError, match=r"no\."):
        parallel_map(work, [1, 2, 3], threads)


def test_torch_has_one_thread_in_each(one_thread: int) -> None:
    assert parallel_map(lambda _: torch.get_num_threads(), [1, 2], 2) == [1, 1]


def test_torchs_threads_are_as_before_after_the_block() -> None:
    before = torch.get_num_threads()
    with torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with pytest.raises(ConfigError, match="threads is 100000"), torch_threads(100_000):
        pass
