"""The lesson: default settings and bundled images, over three seeds."""

from functools import cache

import numpy as np
import pytest

from core.runs.measures import ERROR, Memory
from core.runs.results import values_by_cycle
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.threads import torch_threads
from core.training.night import train

pytestmark = pytest.mark.slow


@cache
def times_before(rem: float, memory: Memory) -> float:
    """The error after the night over that before it, of the mean over seeds 0, 1, 2."""
    errors = np.array(values_by_cycle(_sleep(rem), memory, ERROR)).mean(axis=0)
    return float(errors[-1] / errors[0])


@cache
def _sleep(rem: float) -> RunState:
    config = RunConfig(seeds=(0, 1, 2), start_fraction_rem=rem, end_fraction_rem=rem)
    with torch_threads():
        return fold(RunState(), train(config))


def test_without_rem_the_old_memories_are_destroyed() -> None:
    assert times_before(rem=0.0, memory=Memory.OLD) >= 5


def test_with_rem_the_old_memories_survive() -> None:
    assert times_before(rem=0.5, memory=Memory.OLD) < 2.2


def test_with_rem_the_new_memories_are_learned() -> None:
    assert times_before(rem=0.5, memory=Memory.NEW) < 0.4
