"""Compared runs of different lengths at the same time of the night."""

import pytest

from app.view_data.compared_runs import ComparedRun, at_same_time
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state


def compared_run(cycles: int) -> ComparedRun:
    config = RunConfig(num_cycles=cycles, total_eps=20)
    return ComparedRun(f"{cycles} cycles", "In this run", state([60], [600], config, whole=False))


@pytest.mark.parametrize(
    ("main", "other", "pairs"),
    [
        (5, 5, [(0, 0), (1, 1), (4, 4), (5, 5)]),
        (5, 10, [(0, 0), (1, 2), (4, 8), (5, 10)]),
        (10, 5, [(0, 0), (1, 0), (2, 1), (9, 4), (10, 5)]),
        (3, 10, [(0, 0), (1, 3), (2, 6), (3, 10)]),
        (1, 4, [(0, 0), (1, 4)]),
    ],
)
def test_the_compared_run_is_shown_at_the_same_share_of_its_night(
    main: int, other: int, pairs: list[tuple[int, int]]
) -> None:
    runs = compared_run(main), compared_run(other)
    assert [at_same_time(runs, cycle) for cycle, _ in pairs] == [
        ((runs[0], cycle), (runs[1], other_cycle)) for cycle, other_cycle in pairs
    ]


def test_a_run_that_has_not_started_has_no_cycles() -> None:
    queued = ComparedRun("this run", "This run", RunState())
    assert queued.cycles == 0
    assert [cycle for _, cycle in at_same_time((queued, compared_run(5)), 0)] == [0, 0]
    assert at_same_time((compared_run(5), queued), 5)[1] == (queued, 0)
