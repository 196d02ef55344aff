"""Nights of different lengths beside each other: what is shown of both at one time."""

import pytest

from app.view_data.compared_runs import ComparedRun, at_same_time
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state


def arm(cycles: int) -> ComparedRun:
    config = RunConfig(num_cycles=cycles, total_eps=20)
    return ComparedRun(f"{cycles} cycles", "In it", state([60], [600], config, whole=False))


@pytest.mark.parametrize(
    ("mine", "other", "pairs"),
    [
        (5, 5, [(0, 0), (1, 1), (4, 4), (5, 5)]),
        (5, 10, [(0, 0), (1, 2), (4, 8), (5, 10)]),
        (10, 5, [(0, 0), (1, 0), (2, 1), (9, 4), (10, 5)]),
        (3, 10, [(0, 0), (1, 3), (2, 6), (3, 10)]),
        (1, 4, [(0, 0), (1, 4)]),
    ],
)
def test_the_other_night_is_shown_as_far_on_as_ones_own(
    mine: int, other: int, pairs: list[tuple[int, int]]
) -> None:
    arms = arm(mine), arm(other)
    assert [at_same_time(arms, cycle) for cycle, _ in pairs] == [
        ((arms[0], cycle), (arms[1], then)) for cycle, then in pairs
    ]


def test_a_night_that_has_not_begun_has_no_cycles() -> None:
    waiting = ComparedRun("this night", "This night", RunState())
    assert waiting.cycles == 0
    assert [then for _, then in at_same_time((waiting, arm(5)), 0)] == [0, 0]
    assert at_same_time((arm(5), waiting), 5)[1] == (waiting, 0)
