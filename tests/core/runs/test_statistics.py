"""`core.runs.statistics`: retention, forgetting and confidence intervals."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.statistics import forgetting, known_share, mean_interval, retained

values_of_a_seed = st.lists(st.floats(0, 784), min_size=1, max_size=20)


def test_retained_is_the_last_value_relative_to_the_first() -> None:
    assert retained([50.0, 80.0, 100.0], higher_is_better=False) == 0.5
    assert retained([0.8, 0.9, 0.2], higher_is_better=True) == 0.25
    assert retained([50.0, 40.0], higher_is_better=False) == 1.25


def test_retained_is_none_if_the_denominator_is_zero() -> None:
    assert retained([50.0, 0.0], higher_is_better=False) is None
    assert retained([0.0, 0.5], higher_is_better=True) is None


def test_forgetting_is_the_distance_of_the_last_value_from_the_best() -> None:
    assert forgetting([50.0, 40.0, 90.0], higher_is_better=False) == 50.0
    assert forgetting([0.5, 0.75, 0.25], higher_is_better=True) == 0.5


@given(values_of_a_seed, st.booleans())
def test_forgetting_is_not_negative_and_zero_at_the_best_value(
    values: list[float], higher_is_better: bool
) -> None:
    assert forgetting(values, higher_is_better=higher_is_better) >= 0
    best = max(values) if higher_is_better else min(values)
    assert forgetting([*values, best], higher_is_better=higher_is_better) == 0


@given(values_of_a_seed, st.booleans())
def test_everything_is_retained_if_the_last_value_equals_the_first(
    values: list[float], higher_is_better: bool
) -> None:
    share = retained([*values, values[0]], higher_is_better=higher_is_better)
    assert share == (1 if values[0] else None)


def test_the_interval_is_that_of_students_t_over_seeds() -> None:
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval.mean == 2.0
    # s = 1, three seeds: t(0.975, 2 degrees of freedom) = 4.3027 in a printed table
    assert interval.half_width == pytest.approx(4.3027 / math.sqrt(3), rel=1e-4)


def test_one_seed_has_no_interval() -> None:
    assert mean_interval([7.0]).mean == 7.0
    assert mean_interval([7.0]).half_width is None


def test_equal_values_have_an_interval_of_width_zero() -> None:
    assert mean_interval([2.5, 2.5]).half_width == 0


def test_the_known_share_is_0_at_the_error_of_unseen_images_and_1_at_that_of_familiar_ones() -> (
    None
):
    assert known_share(600.0, familiar=100.0, unseen=600.0) == 0
    assert known_share(100.0, familiar=100.0, unseen=600.0) == 1
    assert known_share(350.0, familiar=100.0, unseen=600.0) == 0.5
    assert known_share(50.0, familiar=100.0, unseen=600.0) == 1.1
    assert known_share(350.0, familiar=100.0, unseen=100.0) is None
