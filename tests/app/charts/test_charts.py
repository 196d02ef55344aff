"""The Plotly figures: valid, with the values of the runs, and with stable traces."""

import json
import re
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.dreams import dream_chart
from app.charts.hypnogram import alt, hypnogram
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.charts.style import GREY, NEW, OLD
from app.settings import MAX_CYCLES, MAX_EPOCHS, config_of
from app.view_data.compared_runs import ComparedRun, ComparedRuns
from app.view_data.dreams import dream_content
from app.view_data.hypnogram import Block, blocks
from core.runs.measures import ERROR, MEASURES, RECALL_ACCURACY, RECALL_ERROR, Measure
from core.runs.state import RunState
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Stage
from core.schedule.hypnogram import hypnogram as schedule_of
from tests.helpers.page_runs import Errors, setting_values, state
from tests.helpers.pages import names_of, trace

NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
THREE: list[Errors] = [(60.0, 62.0, 64.0), (70.0, 75.0, 95.0), (80.0, 80.0, 80.0)]
MANY = RunConfig(num_cycles=MAX_CYCLES, total_eps=MAX_EPOCHS, end_fraction_rem=0.05)
ONE_CYCLE = RunConfig(num_cycles=1, total_eps=2)


def compared(*states: RunState) -> ComparedRuns:
    names = (("this run", "This run"), ("no REM", "Without REM"))
    return tuple(ComparedRun(*name, state) for name, state in zip(names, states, strict=False))


MAIN = state([60, 70, 80], [600, 300, 200])
WITHOUT = state([60, 400, 700], [600, 150, 60], NO_REM)
STATES = {
    "not started": compared(RunState()),
    "before the night": compared(state([60], [600], whole=False)),
    "before the night, three seeds": compared(state(THREE[:1], THREE[:1], whole=False)),
    "after one cycle": compared(state([60, 70], [600, 300], whole=False)),
    "one seed": compared(MAIN),
    "three seeds": compared(state(THREE, THREE)),
    "two runs": compared(MAIN, WITHOUT),
    "two runs of three seeds": compared(state(THREE, THREE), state(THREE, THREE)),
    "the compared run has just started": compared(MAIN, state([60], [600], NO_REM, whole=False)),
    "one cycle": compared(state([60, 70], [600, 300], ONE_CYCLE)),
    "30 cycles": compared(state([60.0] * 31, [600.0] * 31, MANY)),
    "nights of different length": compared(MAIN, state([60.0] * 31, [600.0] * 31, MANY)),
}


def figures(runs: ComparedRuns) -> dict[str, dict[str, Any]]:
    """Return every chart of these runs."""
    return {
        **{
            measure.key: measure_chart(runs, measure, "revision", 1)
            for measure in MEASURES.values()
        },
        "losses": loss_chart(runs, "revision", 1),
        "dreams": dream_chart(dream_content(runs[0].state), 10, "revision"),
    }


# --- all charts ---


@pytest.mark.parametrize("runs", STATES.values(), ids=STATES)
def test_plotly_accepts_every_chart(runs: ComparedRuns) -> None:
    for figure in figures(runs).values():
        go.Figure(figure)  # raises for an unknown property
        json.dumps(figure, allow_nan=False)
        assert figure["layout"]["height"] >= 100


@pytest.mark.parametrize("runs", STATES.values(), ids=STATES)
def test_every_trace_of_a_chart_has_its_own_valid_uid(runs: ComparedRuns) -> None:
    for figure in figures(runs).values():
        uids = [trace["uid"] for trace in figure["data"]]
        assert len(set(uids)) == len(uids)
        # Plotly uses them in CSS selectors and raises for an invalid one.
        assert all(re.fullmatch(r"\w+", uid) for uid in uids)


def test_traces_and_revision_are_the_same_in_every_update() -> None:
    # Plotly identifies by them what a visitor has hidden or zoomed.
    start = state(THREE[:1], THREE[:1], whole=False)
    moments = [
        compared(start, start),
        compared(state(THREE[:2], THREE[:2], whole=False), start),
        compared(state(THREE, THREE), state(THREE, THREE)),
    ]
    first, *later = [figures(runs) for runs in moments]
    for update in later:
        for name, figure in update.items():
            assert [t["uid"] for t in figure["data"]] == [t["uid"] for t in first[name]["data"]]
            assert figure["layout"]["uirevision"] == first[name]["layout"]["uirevision"]


# --- measures ---


def test_the_chart_of_a_measure_has_a_line_per_run_and_memory_set() -> None:
    figure = measure_chart(compared(MAIN, WITHOUT), ERROR, "revision", 1)
    assert names_of(figure) == ["old", "new", "old, no REM", "new, no REM"]
    assert trace(figure, "old")["x"] == [0, 1, 2, 3, 4]
    assert trace(figure, "old")["y"] == [60, 70, 70, 80, 80]
    assert trace(figure, "old")["text"][2] == "cycle 1, after REM"
    assert trace(figure, "new, no REM")["x"] == [0, 2, 4]
    assert trace(figure, "new, no REM")["y"] == [600, 150, 60]


def test_one_seed_has_no_band_and_several_have_a_band_and_a_line_per_seed() -> None:
    assert len(measure_chart(compared(MAIN), ERROR, "", 0)["data"]) == 2
    figure = measure_chart(compared(state(THREE, THREE)), ERROR, "", 0)
    assert len(figure["data"]) == 2 * (1 + 1 + 3)
    mean, band = trace(figure, "old"), trace(figure, "old interval")
    assert trace(figure, "old seed 2")["y"] == [64, 95, 95, 80, 80]
    assert mean["y"] == [62, 80, 80, 80, 80]
    assert band["x"] == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]
    assert band["y"][0] == pytest.approx(62 + 4.302653 * 2 / 3**0.5, abs=1e-3)
    assert band["y"][-1] == pytest.approx(62 - 4.302653 * 2 / 3**0.5, abs=1e-3)
    assert band["y"][3:7] == [80, 80, 80, 80]  # equal values of all seeds
    assert band["legendgroup"] == mean["legendgroup"]  # hidden together


@pytest.mark.parametrize("measure", MEASURES.values())
@given(points=st.lists(st.tuples(*[st.floats(0, 784)] * 3), min_size=1, max_size=3))
def test_a_band_stays_within_the_range_of_the_measure(
    measure: Measure, points: list[tuple[float, float, float]]
) -> None:
    maximum = 1 if measure is RECALL_ACCURACY else 784
    runs = compared(state(points, points, whole=len(points) == 3))
    for drawn in measure_chart(runs, measure, "", 0)["data"]:
        if drawn["uid"].endswith("interval"):
            assert all(0 <= value <= maximum for value in drawn["y"])


def test_memory_sets_differ_in_colour_and_marker_and_runs_in_line_style() -> None:
    figure = measure_chart(compared(MAIN, WITHOUT), ERROR, "", 0)
    old, new = trace(figure, "old"), trace(figure, "new")
    assert (old["line"]["color"], new["line"]["color"]) == (OLD, NEW)
    assert old["marker"]["symbol"] != new["marker"]["symbol"]
    for memory in ("old", "new"):
        main, no_rem = trace(figure, memory), trace(figure, f"{memory}, no REM")
        assert main["line"]["color"] == no_rem["line"]["color"]
        assert main["line"]["dash"] != no_rem["line"]["dash"]


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        (ERROR, "reconstruction error"),
        (RECALL_ERROR, "recall error"),
        (RECALL_ACCURACY, "recall accuracy"),
    ],
)
def test_the_y_axis_has_the_label_of_the_measure(measure: Measure, title: str) -> None:
    axis = measure_chart(compared(MAIN), measure, "", 0)["layout"]["yaxis"]
    assert axis["title"]["text"] == title
    assert axis.get("range") == ([0, 1.02] if measure is RECALL_ACCURACY else None)


def test_rem_stages_are_shaded_and_the_shown_cycle_is_marked() -> None:
    for cycle, end in ((0, 0), (1, 2), (2, 4)):
        shapes = measure_chart(compared(MAIN), ERROR, "", cycle)["layout"]["shapes"]
        shaded = [(s["x0"], s["x1"], s["fillcolor"]) for s in shapes if s["type"] == "rect"]
        assert shaded == [(1, 2, OLD), (3, 4, OLD)]
        (line,) = [shape for shape in shapes if shape["type"] == "line"]
        assert (line["x0"], line["x1"]) == (end, end)


def test_the_x_axis_has_cycles_as_ticks_and_spans_the_longer_night() -> None:
    axis = measure_chart(compared(MAIN), ERROR, "", 0)["layout"]["xaxis"]
    assert (axis["tickvals"], axis["ticktext"]) == ([0, 2, 4], ["0", "1", "2"])
    assert axis["range"][0] < 0
    assert 4 < axis["range"][1] < 4.5
    longer = measure_chart(STATES["nights of different length"], ERROR, "", 0)["layout"]["xaxis"]
    assert longer["range"][1] > MAX_EPOCHS
    many = measure_chart(STATES["30 cycles"], ERROR, "", 0)["layout"]["xaxis"]
    assert many["ticktext"] == ["0", "5", "10", "15", "20", "25", "30"]


# --- losses and dreams ---


def test_the_loss_chart_has_three_losses_and_the_total_of_the_compared_run() -> None:
    figure = loss_chart(compared(MAIN, WITHOUT), "", 0)
    assert [drawn["uid"] for drawn in figure["data"]] == [
        *("total", "reconstruction", "KL"),
        "total__no_REM",
    ]
    assert [set(drawn["y"]) for drawn in figure["data"]] == [{100}, {90}, {10}, {100}]
    assert [drawn["x"] for drawn in figure["data"]] == [[1, 2, 3, 4]] * 4
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert trace(figure, "total, no REM")["line"]["color"] == GREY
    lines = [(drawn["line"]["color"], drawn["line"]["dash"]) for drawn in figure["data"]]
    assert len(set(lines)) == len(lines)


def test_dream_content_is_a_stacked_bar_per_cycle() -> None:
    figure = dream_chart(dream_content(MAIN), 2, "")
    assert figure["layout"]["barmode"] == "stack"
    assert [(drawn["uid"], drawn["x"], drawn["y"]) for drawn in figure["data"]] == [
        ("old", [1, 2], [0.5, 0.5]),
        ("new", [1, 2], [0.25, 0.25]),
        ("neither", [1, 2], [0.25, 0.25]),
    ]
    assert [drawn["marker"]["color"] for drawn in figure["data"]] == [OLD, NEW, GREY]
    assert len({drawn["marker"]["pattern"]["shape"] for drawn in figure["data"]}) == 3
    assert trace(figure, "old")["customdata"] == [", 7.0 digits"] * 2
    assert trace(figure, "neither")["customdata"] == ["", ""]


@pytest.mark.parametrize("cycles", [1, 12, 30])
def test_the_axis_of_dream_content_spans_all_cycles(cycles: int) -> None:
    low, high = dream_chart((), cycles, "")["layout"]["xaxis"]["range"]
    assert low < 1
    assert high > cycles


# --- the hypnogram ---

NIGHT = blocks(schedule_of(RunConfig(num_cycles=2, total_eps=8)))


def bars_of(night: tuple[Block, ...], figure: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bar of each block, in the order of the night."""
    bars = []
    for lane in figure["data"]:
        marker = lane["marker"]
        parts = (lane["base"], lane["x"], lane["y"], marker["opacity"], marker["line"]["width"])
        names = ("start", "width", "lane", "opacity", "line")
        bars += [dict(zip(names, bar, strict=True)) for bar in zip(*parts, strict=True)]
    assert len(bars) == len(night)
    return sorted(bars, key=lambda bar: bar["start"])


@given(setting_values().map(config_of))
def test_every_bar_of_the_hypnogram_lies_within_the_epochs_of_its_stage(config: RunConfig) -> None:
    night = blocks(schedule_of(config))
    for block, bar in zip(night, bars_of(night, hypnogram(night)), strict=True):
        assert bar["lane"] == block.stage.value
        assert block.start <= bar["start"]
        assert bar["width"] >= 0.3 * block.epochs  # wide enough to be visible
        assert bar["start"] + bar["width"] <= block.start + block.epochs


@pytest.mark.parametrize(
    "config",
    [RunConfig(), ONE_CYCLE, MANY, NO_REM, RunConfig(start_fraction_rem=1, end_fraction_rem=1)],
)
def test_plotly_accepts_every_hypnogram(config: RunConfig) -> None:
    night = blocks(schedule_of(config))
    for current in (None, (1, "NREM"), (0, "before"), (1, "pre-training")):
        figure = hypnogram(night, current)
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)
        assert [lane["uid"] for lane in figure["data"]] == ["NREM", "REM"]
        assert figure["layout"]["uirevision"] == "hypnogram"


def test_a_planned_night_is_drawn_in_full_colour() -> None:
    bars = bars_of(NIGHT, hypnogram(NIGHT))
    assert {bar["opacity"] for bar in bars} == {1}
    assert {bar["line"] for bar in bars} == {0}


@pytest.mark.parametrize("index", range(len(NIGHT)))
def test_the_current_stage_is_highlighted_and_later_stages_are_pale(index: int) -> None:
    current = NIGHT[index]
    bars = bars_of(NIGHT, hypnogram(NIGHT, (current.cycle, current.stage.value)))
    assert [number for number, bar in enumerate(bars) if bar["line"]] == [index]
    assert bars[index]["opacity"] == 1
    past = {bar["opacity"] for bar in bars[:index]}
    future = {bar["opacity"] for bar in bars[index + 1 :]}
    assert all(0.5 < opacity < 1 for opacity in past)
    assert all(opacity < 0.5 for opacity in future)


@pytest.mark.parametrize(
    "current", [(0, "before"), (0, "starting"), (0, "pre-training"), (9, "REM")]
)
def test_before_the_first_stage_all_stages_are_pale(current: tuple[int, str]) -> None:
    bars = bars_of(NIGHT, hypnogram(NIGHT, current))
    assert {bar["line"] for bar in bars} == {0}
    assert all(bar["opacity"] < 0.5 for bar in bars)


def test_nrem_has_the_colour_of_new_memories_and_rem_that_of_old_ones() -> None:
    figure = hypnogram(NIGHT)
    assert trace(figure, "NREM")["marker"]["color"] == NEW
    assert trace(figure, "REM")["marker"]["color"] == OLD


def test_the_alternative_text_lists_all_stages() -> None:
    assert alt(NIGHT[:2]) == "Hypnogram of 1 cycle, in order: NREM 2 epochs, REM 2 epochs."
    assert alt(NIGHT).startswith("Hypnogram of 2 cycles, in order: NREM 2 epochs, ")
    single = (Block(1, Stage.NREM, 0, 1),)
    assert alt(single) == "Hypnogram of 1 cycle, in order: NREM 1 epoch."
