"""`core.queue.estimates`: expected durations of runs, and when waiting runs start."""

import dataclasses
import itertools
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queue.estimates import (
    SECONDS_PER_IMAGE,
    SECONDS_PER_STEP,
    Slowdown,
    reference_seconds,
    start_times,
)
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram
from tools.sample_runs import small_configs

# --- reference seconds ---


def count_steps(config: RunConfig) -> int:
    epochs = dose(config)
    return len(config.seeds) * (epochs.nrem_steps + epochs.rem_steps)


def count_stages(config: RunConfig) -> int:
    return sum(len(cycle.stages) for cycle in hypnogram(config))


@given(small_configs(), st.integers(0, 30), st.integers(1, 6), st.booleans())
def test_runs_with_the_same_number_of_stages_differ_only_by_their_steps(
    config: RunConfig, more_epochs: int, num: int, full_evaluation: bool
) -> None:
    first = dataclasses.replace(config, full_evaluation=full_evaluation)
    second = dataclasses.replace(first, total_eps=first.total_eps + more_epochs, num=num)
    if count_stages(first) == count_stages(second):
        difference = reference_seconds(second) - reference_seconds(first)
        expected = SECONDS_PER_STEP * (count_steps(second) - count_steps(first))
        assert difference == pytest.approx(expected, abs=1e-9)


@given(
    small_configs(), st.sampled_from(["inverted", "digits"]), st.sampled_from(["bundled", "mnist"])
)
def test_every_run_takes_a_finite_positive_time(config: RunConfig, split: str, data: str) -> None:
    seconds = reference_seconds(dataclasses.replace(config, split=split, data=data))
    assert math.isfinite(seconds)
    assert seconds > 0


def test_reference_seconds_count_steps_and_measured_images() -> None:
    config = RunConfig(seeds=(0, 1, 2), total_eps=4, num_cycles=2, num=10)
    assert (count_steps(config), count_stages(config)) == (120, 4)
    # All test images once for all seeds before the night; then per seed the evaluation subset
    # after three stages and all test images after the last one.
    images = 2_000 + 3 * (3 * 2 * EVALUATION_SUBSET + 2_000)
    expected = 120 * SECONDS_PER_STEP + images * SECONDS_PER_IMAGE
    assert reference_seconds(config) == pytest.approx(expected)


def test_more_seeds_cycles_images_epochs_or_measurements_take_longer() -> None:
    small = RunConfig(total_eps=20, num_cycles=2)
    for change in (
        {"seeds": (0, 1)},
        {"num_cycles": 10},
        {"num": 100},
        {"total_eps": 40},
        {"full_evaluation": True},
        {"data": "mnist"},
    ):
        assert reference_seconds(dataclasses.replace(small, **change)) > reference_seconds(small)


# --- factor of this machine ---


def test_the_factor_is_a_moving_average_of_measured_runs() -> None:
    config = RunConfig()
    learned = Slowdown()
    assert learned.seconds(config) == reference_seconds(config)
    for _ in range(30):
        learned = learned.updated(config, 2.5 * reference_seconds(config))
    assert learned.seconds(config) == pytest.approx(2.5 * reference_seconds(config), rel=1e-3)
    slow = learned.updated(config, 10 * reference_seconds(config))
    assert 2.5 < slow.factor < 10
    assert Slowdown(2.5).updated(config, 2.5 * reference_seconds(config)).factor == pytest.approx(
        2.5
    )


@given(
    st.floats(0.01, 100), st.lists(st.tuples(small_configs(), st.floats(0.001, 1e5)), max_size=5)
)
def test_the_factor_stays_positive_and_between_the_measured_ones(
    factor: float, runs: list[tuple[RunConfig, float]]
) -> None:
    measured = [factor]
    learned = Slowdown(factor)
    for config, seconds in runs:
        learned = learned.updated(config, seconds)
        measured.append(seconds / reference_seconds(config))
        assert learned.factor > 0
        assert min(measured) * 0.999 <= learned.factor <= max(measured) * 1.001


# --- start times ---


def simulated_start_times(running: list[int], waiting: list[int], workers: int) -> list[int]:
    """Simulate the queue second by second; parameters and result as of `start_times`."""
    left, starts = list(running), []
    for now in itertools.count():
        while len(starts) < len(waiting) and len([s for s in left if s > 0]) < workers:
            left.append(waiting[len(starts)])
            starts.append(now)
        if len(starts) == len(waiting):
            return starts
        left = [seconds - 1 for seconds in left]
    raise AssertionError


@given(
    st.lists(st.integers(1, 20), max_size=4),
    st.lists(st.integers(1, 20), max_size=12),
    st.integers(1, 5),
)
def test_start_times_agree_with_a_simulation_in_steps_of_one_second(
    running: list[int], waiting: list[int], workers: int
) -> None:
    running = running[:workers]
    simulated = simulated_start_times(running, waiting, workers)
    assert start_times(running, waiting, workers) == simulated


def test_start_times_are_unknown_without_workers() -> None:
    assert start_times([5.0], [1.0, 2.0], 0) == []
    assert start_times([], [], 3) == []


def test_runs_start_at_once_on_free_workers() -> None:
    assert start_times([7.0], [3.0, 3.0, 3.0], 3) == [0.0, 0.0, 3.0]


def test_reference_seconds_of_a_run_of_many_cycles_are_cached() -> None:
    config = RunConfig(total_eps=100_000, num_cycles=100_000, num=1)
    first, start = reference_seconds(config), time.perf_counter()
    for _ in range(100):
        assert reference_seconds(dataclasses.replace(config)) == first
    assert time.perf_counter() - start < 0.1  # without the cache one call takes about 0.4 s
