"""Forgetting with and without REM, at the default settings, over three seeds."""

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
def error_ratio(rem_fraction: float, memory: Memory) -> float:
    """Return the mean error after the night divided by the one before it."""
    errors = np.array(values_by_cycle(_run(rem_fraction), memory, ERROR)).mean(axis=0)
    return float(errors[-1] / errors[0])


@cache
def _run(rem_fraction: float) -> RunState:
    config = RunConfig(
        seeds=(0, 1, 2), start_fraction_rem=rem_fraction, end_fraction_rem=rem_fraction
    )
    with torch_threads():
        return fold(RunState(), train(config))


def test_without_rem_the_error_of_old_memories_grows_at_least_fivefold() -> None:
    assert error_ratio(rem_fraction=0.0, memory=Memory.OLD) >= 5


def test_with_rem_the_error_of_old_memories_stays_below_2_2_times_the_initial_one() -> None:
    assert error_ratio(rem_fraction=0.5, memory=Memory.OLD) < 2.2


def test_with_rem_the_error_of_new_memories_falls_below_40_percent() -> None:
    assert error_ratio(rem_fraction=0.5, memory=Memory.NEW) < 0.4
