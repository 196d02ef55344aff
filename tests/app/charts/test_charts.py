"""What Plotly is given to draw: the numbers of the nights, valid, and the same traces each time."""

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
from tests.helpers.page_runs import Errors, dial_values, state, trace

NO_REM = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
THREE: list[Errors] = [(60.0, 62.0, 64.0), (70.0, 75.0, 95.0), (80.0, 80.0, 80.0)]
MANY = RunConfig(num_cycles=MAX_CYCLES, total_eps=MAX_EPOCHS, end_fraction_rem=0.05)
ONE_CYCLE = RunConfig(num_cycles=1, total_eps=2)


def arms(*states: RunState) -> ComparedRuns:
    names = (("this night", "This night"), ("no REM", "Without REM"))
    return tuple(ComparedRun(*name, each) for name, each in zip(names, states, strict=False))


OWN = state([60, 70, 80], [600, 300, 200])
WITHOUT = state([60, 400, 700], [600, 150, 60], NO_REM)
STATES = {
    "nothing yet": arms(RunState()),
    "before the night": arms(state([60], [600], whole=False)),
    "before the night, three seeds": arms(state(THREE[:1], THREE[:1], whole=False)),
    "in the night": arms(state([60, 70], [600, 300], whole=False)),
    "one seed": arms(OWN),
    "three seeds": arms(state(THREE, THREE)),
    "two nights": arms(OWN, WITHOUT),
    "two nights of three seeds": arms(state(THREE, THREE), state(THREE, THREE)),
    "the other has only begun": arms(OWN, state([60], [600], NO_REM, whole=False)),
    "one cycle": arms(state([60, 70], [600, 300], ONE_CYCLE)),
    "30 cycles": arms(state([60.0] * 31, [600.0] * 31, MANY)),
    "a short night beside a long one": arms(OWN, state([60.0] * 31, [600.0] * 31, MANY)),
}


def figures(shown: ComparedRuns) -> dict[str, dict[str, Any]]:
    """Every chart of these nights."""
    return {
        **{
            measure.key: measure_chart(shown, measure, "revision", 1)
            for measure in MEASURES.values()
        },
        "losses": loss_chart(shown, "revision", 1),
        "dreams": dream_chart(dream_content(shown[0].state), 10, "revision"),
    }


# --- all charts ---


@pytest.mark.parametrize("shown", STATES.values(), ids=STATES)
def test_every_chart_is_one_that_plotly_can_draw(shown: ComparedRuns) -> None:
    for figure in figures(shown).values():
        go.Figure(figure)  # raises for a property that there is not
        json.dumps(figure, allow_nan=False)
        assert figure["layout"]["height"] >= 100


@pytest.mark.parametrize("shown", STATES.values(), ids=STATES)
def test_no_two_traces_of_a_chart_are_taken_for_one_another(shown: ComparedRuns) -> None:
    for figure in figures(shown).values():
        uids = [each["uid"] for each in figure["data"]]
        assert len(set(uids)) == len(uids)
        # Plotly makes CSS selectors of them, and dies of one that is none.
        assert all(re.fullmatch(r"\w+", each) for each in uids)


def test_traces_and_revision_stay_the_same_from_one_update_to_the_next() -> None:
    # Plotly tells by them what a visitor has hidden or zoomed.
    nights = [
        arms(state(THREE[:1], THREE[:1], whole=False), state(THREE[:1], THREE[:1], whole=False)),
        arms(state(THREE[:2], THREE[:2], whole=False), state(THREE[:1], THREE[:1], whole=False)),
        arms(state(THREE, THREE), state(THREE, THREE)),
    ]
    first, *later = [figures(each) for each in nights]
    for update in later:
        for name, figure in update.items():
            assert [t["uid"] for t in figure["data"]] == [t["uid"] for t in first[name]["data"]]
            assert figure["layout"]["uirevision"] == first[name]["layout"]["uirevision"]


# --- courses ---


def test_a_course_is_drawn_as_its_numbers() -> None:
    figure = measure_chart(arms(OWN, WITHOUT), ERROR, "revision", 1)
    assert [each["name"] for each in figure["data"]] == ["old", "new", "old, no REM", "new, no REM"]
    assert trace(figure, "old")["x"] == [0, 1, 2, 3, 4]
    assert trace(figure, "old")["y"] == [60, 70, 70, 80, 80]
    assert trace(figure, "old")["text"][2] == "cycle 1, after REM"
    assert trace(figure, "new, no REM")["x"] == [0, 2, 4]
    assert trace(figure, "new, no REM")["y"] == [600, 150, 60]


def test_one_seed_has_no_band_and_several_have_one_and_a_line_each() -> None:
    assert len(measure_chart(arms(OWN), ERROR, "", 0)["data"]) == 2
    figure = measure_chart(arms(state(THREE, THREE)), ERROR, "", 0)
    assert len(figure["data"]) == 2 * (1 + 1 + 3)
    mean, band = trace(figure, "old"), trace(figure, "old interval")
    assert trace(figure, "old seed 2")["y"] == [64, 95, 95, 80, 80]
    assert mean["y"] == [62, 80, 80, 80, 80]
    assert band["x"] == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]
    assert band["y"][0] == pytest.approx(62 + 4.302653 * 2 / 3**0.5, abs=1e-3)
    assert band["y"][-1] == pytest.approx(62 - 4.302653 * 2 / 3**0.5, abs=1e-3)
    assert band["y"][3:7] == [80, 80, 80, 80]  # no spread
    assert band["legendgroup"] == mean["legendgroup"]  # hidden together


@pytest.mark.parametrize("measure", MEASURES.values())
@given(points=st.lists(st.tuples(*[st.floats(0, 784)] * 3), min_size=1, max_size=3))
def test_a_band_never_leaves_what_the_measure_can_be(
    measure: Measure, points: list[tuple[float, float, float]]
) -> None:
    most = 1 if measure is RECALL_ACCURACY else 784
    shown = arms(state(points, points, whole=len(points) == 3))
    for each in measure_chart(shown, measure, "", 0)["data"]:
        if each["uid"].endswith("interval"):
            assert all(0 <= value <= most for value in each["y"])


def test_old_and_new_differ_in_more_than_colour_and_nights_in_their_lines() -> None:
    figure = measure_chart(arms(OWN, WITHOUT), ERROR, "", 0)
    old, new = trace(figure, "old"), trace(figure, "new")
    assert (old["line"]["color"], new["line"]["color"]) == (OLD, NEW)
    assert old["marker"]["symbol"] != new["marker"]["symbol"]
    for memory in ("old", "new"):
        own, other = trace(figure, memory), trace(figure, f"{memory}, no REM")
        assert own["line"]["color"] == other["line"]["color"]
        assert own["line"]["dash"] != other["line"]["dash"]


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        (ERROR, "reconstruction error"),
        (RECALL_ERROR, "recall error"),
        (RECALL_ACCURACY, "recall accuracy"),
    ],
)
def test_each_measure_names_its_axis(measure: Measure, title: str) -> None:
    axis = measure_chart(arms(OWN), measure, "", 0)["layout"]["yaxis"]
    assert axis["title"]["text"] == title
    assert axis.get("range") == ([0, 1.02] if measure is RECALL_ACCURACY else None)


def test_the_nights_stages_are_tinted_and_the_cycle_shown_is_marked() -> None:
    for cycle, end in ((0, 0), (1, 2), (2, 4)):
        shapes = measure_chart(arms(OWN), ERROR, "", cycle)["layout"]["shapes"]
        tints = [(s["x0"], s["x1"], s["fillcolor"]) for s in shapes if s["type"] == "rect"]
        assert tints == [(1, 2, OLD), (3, 4, OLD)]
        (line,) = [shape for shape in shapes if shape["type"] == "line"]
        assert (line["x0"], line["x1"]) == (end, end)


def test_the_axis_counts_cycles_and_holds_the_longer_night() -> None:
    axis = measure_chart(arms(OWN), ERROR, "", 0)["layout"]["xaxis"]
    assert (axis["tickvals"], axis["ticktext"]) == ([0, 2, 4], ["0", "1", "2"])
    assert axis["range"][0] < 0
    assert 4 < axis["range"][1] < 4.5
    longer = measure_chart(STATES["a short night beside a long one"], ERROR, "", 0)["layout"][
        "xaxis"
    ]
    assert longer["range"][1] > MAX_EPOCHS
    many = measure_chart(STATES["30 cycles"], ERROR, "", 0)["layout"]["xaxis"]
    assert many["ticktext"] == ["0", "5", "10", "15", "20", "25", "30"]


# --- losses and dreams ---


def test_the_losses_are_three_lines_and_the_other_nights_total() -> None:
    figure = loss_chart(arms(OWN, WITHOUT), "", 0)
    assert [each["uid"] for each in figure["data"]] == [
        *("total", "reconstruction", "KL"),
        "total__no_REM",
    ]
    assert [set(each["y"]) for each in figure["data"]] == [{100}, {90}, {10}, {100}]
    assert [each["x"] for each in figure["data"]] == [[1, 2, 3, 4]] * 4
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert trace(figure, "total, no REM")["line"]["color"] == GREY
    lines = [(each["line"]["color"], each["line"]["dash"]) for each in figure["data"]]
    assert len(set(lines)) == len(lines)


def test_dreams_are_stacked_by_what_they_were_of() -> None:
    figure = dream_chart(dream_content(OWN), 2, "")
    assert figure["layout"]["barmode"] == "stack"
    assert [(each["uid"], each["x"], each["y"]) for each in figure["data"]] == [
        ("old", [1, 2], [0.5, 0.5]),
        ("new", [1, 2], [0.25, 0.25]),
        ("neither", [1, 2], [0.25, 0.25]),
    ]
    assert [each["marker"]["color"] for each in figure["data"]] == [OLD, NEW, GREY]
    assert len({each["marker"]["pattern"]["shape"] for each in figure["data"]}) == 3
    assert trace(figure, "old")["customdata"] == [", 7.0 digits"] * 2
    assert trace(figure, "neither")["customdata"] == ["", ""]


@pytest.mark.parametrize("cycles", [1, 12, 30])
def test_every_cycle_has_its_place_in_the_dreams(cycles: int) -> None:
    low, high = dream_chart((), cycles, "")["layout"]["xaxis"]["range"]
    assert low < 1
    assert high > cycles


# --- the hypnogram ---

NIGHT = blocks(schedule_of(RunConfig(num_cycles=2, total_eps=8)))


def drawn(night: tuple[Block, ...], figure: dict[str, Any]) -> list[dict[str, Any]]:
    """How each block is drawn, in the night's order."""
    bars = []
    for each in figure["data"]:
        marker = each["marker"]
        parts = (each["base"], each["x"], each["y"], marker["opacity"], marker["line"]["width"])
        names = ("start", "width", "lane", "opacity", "line")
        bars += [dict(zip(names, bar, strict=True)) for bar in zip(*parts, strict=True)]
    assert len(bars) == len(night)
    return sorted(bars, key=lambda bar: bar["start"])


@given(dial_values().map(config_of))
def test_every_stage_of_the_hypnogram_lies_within_its_epochs(config: RunConfig) -> None:
    night = blocks(schedule_of(config))
    for block, bar in zip(night, drawn(night, hypnogram(night)), strict=True):
        assert bar["lane"] == block.stage.value
        assert block.start <= bar["start"]
        assert bar["width"] >= 0.3 * block.epochs  # to be seen at all
        assert bar["start"] + bar["width"] <= block.start + block.epochs


@pytest.mark.parametrize(
    "config",
    [RunConfig(), ONE_CYCLE, MANY, NO_REM, RunConfig(start_fraction_rem=1, end_fraction_rem=1)],
)
def test_a_hypnogram_is_one_that_plotly_can_draw(config: RunConfig) -> None:
    night = blocks(schedule_of(config))
    for now in (None, (1, "NREM"), (0, "before"), (1, "pre-training")):
        figure = hypnogram(night, now)
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)
        assert [each["uid"] for each in figure["data"]] == ["NREM", "REM"]
        assert figure["layout"]["uirevision"] == "hypnogram"


def test_a_night_that_is_only_planned_is_drawn_in_full() -> None:
    bars = drawn(NIGHT, hypnogram(NIGHT))
    assert {bar["opacity"] for bar in bars} == {1}
    assert {bar["line"] for bar in bars} == {0}


@pytest.mark.parametrize("reached", range(len(NIGHT)))
def test_the_stage_that_goes_on_is_lit_and_what_lies_ahead_is_pale(reached: int) -> None:
    now = NIGHT[reached]
    bars = drawn(NIGHT, hypnogram(NIGHT, (now.cycle, now.stage.value)))
    assert [index for index, bar in enumerate(bars) if bar["line"]] == [reached]
    assert bars[reached]["opacity"] == 1
    past = {bar["opacity"] for bar in bars[:reached]}
    ahead = {bar["opacity"] for bar in bars[reached + 1 :]}
    assert all(0.5 < opacity < 1 for opacity in past)
    assert all(opacity < 0.5 for opacity in ahead)


@pytest.mark.parametrize("now", [(0, "before"), (0, "starting"), (0, "pre-training"), (9, "REM")])
def test_before_the_first_stage_all_lies_ahead(now: tuple[int, str]) -> None:
    bars = drawn(NIGHT, hypnogram(NIGHT, now))
    assert {bar["line"] for bar in bars} == {0}
    assert all(bar["opacity"] < 0.5 for bar in bars)


def test_new_memories_nrem_and_old_memories_rem_share_a_colour() -> None:
    figure = hypnogram(NIGHT)
    assert trace(figure, "NREM")["marker"]["color"] == NEW
    assert trace(figure, "REM")["marker"]["color"] == OLD


def test_the_hypnogram_is_told_in_a_sentence() -> None:
    assert alt(NIGHT[:2]) == "Hypnogram of 1 cycle, in order: NREM 2 epochs, REM 2 epochs."
    assert alt(NIGHT).startswith("Hypnogram of 2 cycles, in order: NREM 2 epochs, ")
    one = (Block(1, Stage.NREM, 0, 1),)
    assert alt(one) == "Hypnogram of 1 cycle, in order: NREM 1 epoch."
