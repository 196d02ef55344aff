"""`core.schedule.hypnogram`: from a config to a hypnogram, by pure functions."""

import math
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.schedule.config import RunConfig
from core.schedule.hypnogram import Stage, dose, hypnogram, rem_fractions

EPSILON = 1e-6
fractions = st.floats(0, 1) | st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.8, 1.0])


@st.composite
def nights(draw: st.DrawFn, rounding: str = "exact") -> RunConfig:
    total = draw(st.integers(1, 200))
    return RunConfig(
        total_eps=total,
        num_cycles=draw(st.integers(1, total)),
        start_fraction_rem=draw(fractions),
        end_fraction_rem=draw(fractions),
        rounding=rounding,
    )


def of(total: int, cycles: int, start: float, end: float, rounding: str = "exact") -> RunConfig:
    return RunConfig(
        total_eps=total,
        num_cycles=cycles,
        start_fraction_rem=start,
        end_fraction_rem=end,
        rounding=rounding,
    )


@settings(max_examples=2_000)
@given(nights())
@example(of(1, 1, 0.5, 0.5))
@example(of(100, 30, 0.2, 0.8))
@example(of(400, 400, 1.0, 0.0))
def test_exact_totals_cycle_lengths_and_rem_dose_come_out_as_asked(config: RunConfig) -> None:
    night = hypnogram(config)
    assert len(night) == config.num_cycles
    assert sum(cycle.epochs for cycle in night) == config.total_eps
    assert all(cycle.nrem_epochs >= 0 and cycle.rem_epochs >= 0 for cycle in night)
    lengths = [cycle.epochs for cycle in night]
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1

    asked = math.fsum(cycle.rem_fraction for cycle in night) * config.total_eps / len(night)
    realised = sum(cycle.rem_epochs for cycle in night)
    assert abs(realised - asked) <= 0.5 + EPSILON


@settings(max_examples=1_000)
@given(nights())
def test_exact_remainders_are_spread_over_the_night(config: RunConfig) -> None:
    night = hypnogram(config)
    share = config.total_eps / config.num_cycles
    asked = accumulate(cycle.rem_fraction * share for cycle in night)
    realised = accumulate(cycle.rem_epochs for cycle in night)
    strays = [abs(a - r) for a, r in zip(asked, realised, strict=True)]
    assert max(strays) <= 1.5 + EPSILON
    ended = accumulate(cycle.epochs for cycle in night)
    late = [abs(end - share * (index + 1)) for index, end in enumerate(ended)]
    assert max(late) < 1


@pytest.mark.parametrize("rounding", ["exact", "original"])
@pytest.mark.parametrize("fraction", [0.0, 1.0])
@given(data=st.data())
def test_nights_of_one_stage_only_are_pure(data: st.DataObject, fraction: float, rounding: str):
    total = data.draw(st.integers(1, 400))
    config = of(total, data.draw(st.integers(1, total)), fraction, fraction, rounding)
    only = Stage.REM if fraction else Stage.NREM
    for cycle in hypnogram(config):
        assert cycle.stages == ((only, cycle.epochs),)


@settings(max_examples=1_000)
@given(nights(rounding="original"))
def test_original_floors_in_every_cycle_as_the_reference_does(config: RunConfig) -> None:
    night = hypnogram(config)
    per_cycle = config.total_eps // config.num_cycles
    start, end = config.start_fraction_rem, config.end_fraction_rem
    for index, cycle in enumerate(night):
        share = start
        if config.num_cycles > 1:
            share = start + (end - start) * index / (config.num_cycles - 1)
        assert cycle.rem_fraction == share
        assert cycle.rem_epochs == int(share * per_cycle)
        assert cycle.epochs == per_cycle


# In double precision the reference's own formula gives 50 % at 5 cycles: 7, 10 and 13 come out
# whole there; they lose an epoch only where 0.8 - 0.2 is written as 0.6.
@pytest.mark.parametrize(("cycles", "percent"), [(5, 50), (20, 41), (50, 25)])
def test_original_loses_rem_with_more_cycles_and_exact_does_not(cycles: int, percent: int) -> None:
    original = dose(of(100, cycles, 0.2, 0.8, "original"))
    assert round(100 * original.rem_share) == percent
    assert original.asked_rem_share == pytest.approx(0.5)
    exact = dose(of(100, cycles, 0.2, 0.8))
    assert exact.rem_epochs == exact.nrem_epochs == 50


def test_original_drops_epochs_that_do_not_divide_and_exact_does_not() -> None:
    original = dose(of(100, 30, 0.5, 0.5, "original"))
    assert (original.asked_epochs, original.epochs) == (100, 90)
    exact = dose(of(100, 30, 0.5, 0.5))
    assert (exact.asked_epochs, exact.epochs) == (100, 100)


@pytest.mark.parametrize("rounding", ["exact", "original"])
def test_a_night_of_one_cycle_takes_the_share_at_the_start(rounding: str) -> None:
    (cycle,) = hypnogram(of(10, 1, 0.3, 0.9, rounding))
    assert (cycle.rem_fraction, cycle.nrem_epochs, cycle.rem_epochs) == (0.3, 7, 3)


def test_the_share_moves_in_a_straight_line_from_start_to_end() -> None:
    assert rem_fractions(5, 0.0, 1.0) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert rem_fractions(3, 0.8, 0.2) == pytest.approx((0.8, 0.5, 0.2))
    assert rem_fractions(1, 0.4, 0.9) == (0.4,)


def test_even_nights_come_out_even() -> None:
    for rounding in ("exact", "original"):
        night = hypnogram(of(100, 10, 0.5, 0.5, rounding))
        assert {(cycle.nrem_epochs, cycle.rem_epochs) for cycle in night} == {(5, 5)}


def test_nrem_comes_before_rem_and_empty_stages_are_left_out() -> None:
    night = hypnogram(of(12, 3, 0.0, 1.0))
    assert [cycle.stages for cycle in night] == [
        ((Stage.NREM, 4),),
        ((Stage.NREM, 2), (Stage.REM, 2)),
        ((Stage.REM, 4),),
    ]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [({"num": 50}, 50), ({"num": 50, "batch_size": 16}, 4), ({"num": 5, "batch_size": 5}, 1)],
)
def test_the_dose_counts_gradient_steps_with_a_last_smaller_batch(
    changes: dict[str, Any], steps: int
) -> None:
    found = dose(
        RunConfig(
            total_eps=10, num_cycles=2, start_fraction_rem=0.4, end_fraction_rem=0.4, **changes
        )
    )
    assert (found.nrem_epochs, found.rem_epochs) == (6, 4)
    assert (found.nrem_steps, found.rem_steps) == (6 * steps, 4 * steps)
    assert found.rem_share == 0.4


@given(nights())
def test_the_same_config_gives_the_same_night(config: RunConfig) -> None:
    assert hypnogram(config) == hypnogram(config)
