"""`core.runs.statistics`: what a course of values says about a night."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.statistics import forgetting, learned, mean_interval, retained

courses = st.lists(st.floats(0, 784), min_size=1, max_size=20)


def test_retained_is_the_part_of_a_memory_that_is_left() -> None:
    assert retained([50.0, 80.0, 100.0], higher_is_better=False) == 0.5
    assert retained([0.8, 0.9, 0.2], higher_is_better=True) == 0.25
    assert retained([50.0, 40.0], higher_is_better=False) == 1.25


def test_retained_and_learned_are_none_where_they_would_divide_by_zero() -> None:
    assert retained([50.0, 0.0], higher_is_better=False) is None
    assert retained([0.0, 0.5], higher_is_better=True) is None
    assert learned([0.0, 5.0]) is None


def test_forgetting_is_the_distance_from_the_best_value_so_far() -> None:
    assert forgetting([50.0, 40.0, 90.0], higher_is_better=False) == 50.0
    assert forgetting([0.5, 0.75, 0.25], higher_is_better=True) == 0.5


@given(courses, st.booleans())
def test_forgetting_is_never_negative_and_zero_at_the_best(
    values: list[float], higher_is_better: bool
) -> None:
    assert forgetting(values, higher_is_better=higher_is_better) >= 0
    best = max(values) if higher_is_better else min(values)
    assert forgetting([*values, best], higher_is_better=higher_is_better) == 0


@given(courses, st.booleans())
def test_a_course_that_ends_as_it_began_has_kept_everything(
    values: list[float], higher_is_better: bool
) -> None:
    kept = retained([*values, values[0]], higher_is_better=higher_is_better)
    assert kept == (1 if values[0] else None)


def test_learned_is_the_share_of_the_error_that_is_gone() -> None:
    assert learned([400.0, 300.0, 100.0]) == 0.75
    assert learned([400.0]) == 0
    assert learned([400.0, 0.0]) == 1
    assert learned([100.0, 150.0]) == -0.5


def test_the_interval_is_students_t_over_the_seeds() -> None:
    found = mean_interval([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    # sd 1, three seeds: t(0.975, 2 degrees of freedom) = 4.3027 from a printed table
    assert found.half_width == pytest.approx(4.3027 / math.sqrt(3), rel=1e-4)


def test_one_seed_shows_no_spread() -> None:
    assert mean_interval([7.0]).mean == 7.0
    assert mean_interval([7.0]).half_width is None


def test_equal_seeds_have_an_interval_of_width_zero() -> None:
    assert mean_interval([2.5, 2.5]).half_width == 0
