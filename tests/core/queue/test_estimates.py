"""`core.queue.estimates`: how long nights take here, and when the others' turn is."""

import dataclasses
import itertools
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queue import estimates
from core.queue.estimates import Speed, reference_seconds, start_times
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram
from tools.sample_runs import configs

# --- work ---


def steps(config: RunConfig) -> int:
    done = dose(config)
    return len(config.seeds) * (done.nrem_steps + done.rem_steps)


def stages(config: RunConfig) -> int:
    return sum(len(cycle.stages) for cycle in hypnogram(config))


@given(configs(), st.integers(0, 30), st.integers(1, 6), st.booleans())
def test_two_nights_that_measure_alike_differ_by_their_steps_alone(
    config: RunConfig, more: int, num: int, everything: bool
) -> None:
    one = dataclasses.replace(config, full_evaluation=everything)
    other = dataclasses.replace(one, total_eps=one.total_eps + more, num=num)
    if stages(one) == stages(other):
        between = reference_seconds(other) - reference_seconds(one)
        assert between == pytest.approx(estimates._STEP_S * (steps(other) - steps(one)), abs=1e-9)


@given(configs(), st.sampled_from(["inverted", "digits"]), st.sampled_from(["bundled", "mnist"]))
def test_a_night_is_some_work_whatever_it_is(config: RunConfig, split: str, data: str) -> None:
    found = reference_seconds(dataclasses.replace(config, split=split, data=data))
    assert math.isfinite(found)
    assert found > 0


def test_the_work_is_steps_and_measured_images() -> None:
    config = RunConfig(seeds=(0, 1, 2), total_eps=4, num_cycles=2, num=10)
    assert (steps(config), stages(config)) == (120, 4)
    # On all images once for all seeds before the night, then for each on a part of them three
    # times, and on all of them at the end.
    images = 2_000 + 3 * (3 * 2 * EVALUATION_SUBSET + 2_000)
    assert reference_seconds(config) == pytest.approx(
        120 * estimates._STEP_S + images * estimates._IMAGE_S
    )


def test_more_seeds_cycles_images_or_measuring_are_more_work() -> None:
    few = RunConfig(total_eps=20, num_cycles=2)
    for change in (
        {"seeds": (0, 1)},
        {"num_cycles": 10},
        {"num": 100},
        {"total_eps": 40},
        {"full_evaluation": True},
        {"data": "mnist"},
    ):
        assert reference_seconds(dataclasses.replace(few, **change)) > reference_seconds(few)


# --- pace ---


def test_a_pace_is_learned_from_nights_and_the_newest_counts_most() -> None:
    config = RunConfig()
    learned = Speed()
    assert learned.seconds(config) == reference_seconds(config)
    for _ in range(30):
        learned = learned.after(config, 2.5 * reference_seconds(config))
    assert learned.seconds(config) == pytest.approx(2.5 * reference_seconds(config), rel=1e-3)
    once = learned.after(config, 10 * reference_seconds(config))
    assert 2.5 < once.factor < 10
    assert Speed(2.5).after(config, 2.5 * reference_seconds(config)).factor == pytest.approx(2.5)


@given(st.floats(0.01, 100), st.lists(st.tuples(configs(), st.floats(0.001, 1e5)), max_size=5))
def test_a_pace_stays_positive_and_between_what_was_seen(
    factor: float, nights: list[tuple[RunConfig, float]]
) -> None:
    seen = [factor]
    learned = Speed(factor)
    for config, seconds in nights:
        learned = learned.after(config, seconds)
        seen.append(seconds / reference_seconds(config))
        assert learned.factor > 0
        assert min(seen) * 0.999 <= learned.factor <= max(seen) * 1.001


# --- waits ---


def by_hand(running: list[int], waiting: list[int], workers: int) -> list[int]:
    """`start_times`, second by second."""
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
def test_waits_are_those_of_a_queue_worked_off_by_hand(
    running: list[int], waiting: list[int], workers: int
) -> None:
    asleep = running[:workers]
    assert start_times(asleep, waiting, workers) == by_hand(asleep, waiting, workers)


def test_nobody_knows_when_nights_start_without_workers() -> None:
    assert start_times([5.0], [1.0, 2.0], 0) == []
    assert start_times([], [], 3) == []


def test_nights_start_at_once_where_workers_are_free() -> None:
    assert start_times([7.0], [3.0, 3.0, 3.0], 3) == [0.0, 0.0, 3.0]


def test_the_work_of_a_night_of_many_cycles_is_computed_once() -> None:
    config = RunConfig(total_eps=100_000, num_cycles=100_000, num=1)
    first, before = reference_seconds(config), time.perf_counter()
    for _ in range(100):
        assert reference_seconds(dataclasses.replace(config)) == first
    assert time.perf_counter() - before < 0.1  # a fresh computation takes about 0.4 s
