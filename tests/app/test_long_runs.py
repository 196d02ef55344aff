"""The charts of a night of 100,000 epochs: fast, and small enough for a browser."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.dreams import MAX_BARS, dream_chart
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.charts.style import MAX_POINTS, tick_step
from app.view_data.compared_runs import ComparedRun
from app.view_data.dreams import dream_content
from app.view_data.series import loss_series, measure_series, thin_out
from core.runs.events import CycleDone, EpochDone, Event, StageEvaluated
from core.runs.measures import ERROR, Memory
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.support.validation import MAX_EPOCHS
from tests.helpers.page_runs import dreams, night_started, scores

_MAX_CHARACTERS = 600_000  # of a chart


def long_night(cycles: int) -> RunState:
    """Return the state of a night with the largest allowed number of epochs."""
    config = RunConfig(num_cycles=cycles, total_eps=MAX_EPOCHS, num=1)
    measured = scores(60.0)
    dreams_made = dreams(1, 1)
    events: list[Event] = [night_started(config), StageEvaluated(0, "before", measured, measured)]
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            events += [
                EpochDone(number, stage.value, epoch + 1, (100.0,), (90.0,), (10.0,))
                for epoch in range(epochs)
            ]
            if stage.value == "REM":
                events.append(dreams_made)
            events.append(StageEvaluated(number, stage.value, measured, measured))
        events.append(CycleDone(number))
    return fold(RunState(), events)


@pytest.mark.parametrize("cycles", [10, 100_000])
def test_charts_of_the_longest_night_are_small_and_drawn_in_under_two_seconds(cycles: int) -> None:
    state = long_night(cycles)
    runs = (ComparedRun("this run", "This run", state),)
    start = time.process_time()
    figures = [
        measure_chart(runs, ERROR, "revision", cycles),
        loss_chart(runs, "revision", cycles),
        dream_chart(dream_content(state, MAX_BARS), cycles, "revision"),
    ]
    assert time.process_time() - start < 2
    assert max(len(json.dumps(figure)) for figure in figures) < _MAX_CHARACTERS
    line = figures[1]["data"][0]
    assert MAX_POINTS / 2 <= len(line["x"]) <= MAX_POINTS
    assert line["x"][-1] == MAX_EPOCHS  # the newest point is never left out


def test_the_tables_contain_all_points() -> None:
    state = long_night(10)
    assert len(loss_series(state, "total").means) == MAX_EPOCHS
    assert measure_series(state, Memory.OLD, ERROR) == measure_series(
        state, Memory.OLD, ERROR, 2_000
    )


@given(st.integers(0, 300), st.integers(1, 50))
def test_thinned_items_are_evenly_spaced_and_include_the_last(count: int, max_items: int) -> None:
    chosen = thin_out(range(count), max_items)
    assert len(chosen) <= max_items
    assert len({later - earlier for earlier, later in pairwise(chosen)}) <= 1
    assert list(chosen[-1:]) == list(range(count)[-1:])
    assert thin_out(range(count), None) == range(count)


@pytest.mark.parametrize(
    ("cycles", "step"), [(1, 1), (12, 1), (13, 5), (60, 5), (61, 10), (100_000, 8_335)]
)
def test_an_axis_has_at_most_twelve_ticks(cycles: int, step: int) -> None:
    assert tick_step(cycles) == step
    assert cycles / tick_step(cycles) <= 12


@pytest.mark.parametrize("max_items", [2, 3, 4, 5, 10, 99])
def test_a_thinned_line_contains_points_after_both_stages(max_items: int) -> None:
    stages = ["NREM", "REM"] * 50
    assert set(thin_out(stages, max_items)) == {"NREM", "REM"}
