"""The page's charts of a night of 100,000 epochs: quick, and no larger than a browser can draw."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.dreams import MOST_BARS, dream_chart
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.charts.style import MOST_POINTS, tick_step
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

_LARGEST = 600_000  # characters of a chart


def long_night(cycles: int) -> RunState:
    """The state of a night with the most epochs there may be."""
    config = RunConfig(num_cycles=cycles, total_eps=MAX_EPOCHS, num=1)
    measured = scores(60.0)
    made = dreams(1, 1)
    events: list[Event] = [night_started(config), StageEvaluated(0, "before", measured, measured)]
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            events += [
                EpochDone(number, stage.value, epoch + 1, (100.0,), (90.0,), (10.0,))
                for epoch in range(epochs)
            ]
            if stage.value == "REM":
                events.append(made)
            events.append(StageEvaluated(number, stage.value, measured, measured))
        events.append(CycleDone(number))
    return fold(RunState(), events)


@pytest.mark.parametrize("cycles", [10, 100_000])
def test_charts_of_the_longest_night_are_small_and_drawn_in_under_two_seconds(cycles: int) -> None:
    state = long_night(cycles)
    arms = (ComparedRun("this night", "This night", state),)
    began = time.process_time()
    drawn = [
        measure_chart(arms, "error", "revision", cycles),
        loss_chart(arms, "revision", cycles),
        dream_chart(dream_content(state, MOST_BARS), cycles, "revision"),
    ]
    assert time.process_time() - began < 2
    assert max(len(json.dumps(figure)) for figure in drawn) < _LARGEST
    line = drawn[1]["data"][0]
    assert MOST_POINTS / 2 <= len(line["x"]) <= MOST_POINTS
    assert line["x"][-1] == MAX_EPOCHS  # the newest is always there


def test_the_tables_keep_every_number() -> None:
    state = long_night(10)
    assert len(loss_series(state, "total").means) == MAX_EPOCHS
    assert measure_series(state, Memory.OLD, ERROR) == measure_series(
        state, Memory.OLD, ERROR, 2_000
    )


@given(st.integers(0, 300), st.integers(1, 50))
def test_what_is_thinned_is_evenly_spaced_and_ends_with_the_last(count: int, most: int) -> None:
    chosen = thin_out(range(count), most)
    assert len(chosen) <= most
    assert len({later - earlier for earlier, later in pairwise(chosen)}) <= 1
    assert list(chosen[-1:]) == list(range(count)[-1:])
    assert thin_out(range(count), None) == range(count)


@pytest.mark.parametrize(
    ("cycles", "step"), [(1, 1), (12, 1), (13, 5), (60, 5), (61, 10), (100_000, 8_335)]
)
def test_an_axis_has_a_dozen_ticks_however_long_the_night(cycles: int, step: int) -> None:
    assert tick_step(cycles) == step
    assert cycles / tick_step(cycles) <= 12


@pytest.mark.parametrize("most", [2, 3, 4, 5, 10, 99])
def test_a_thinned_line_shows_measures_after_both_kinds_of_stages(most: int) -> None:
    stages = ["NREM", "REM"] * 50
    assert set(thin_out(stages, most)) == {"NREM", "REM"}
