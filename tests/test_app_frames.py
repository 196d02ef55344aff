"""The numbers behind the page's charts and sentences."""

import pytest

from app import charts, frames
from core.config import RunConfig
from core.replay import RunState, fold
from core.schedule import Stage, dose, hypnogram
from tests.app_runs import night


def test_blocks_follow_one_another_through_the_whole_night() -> None:
    config = RunConfig(total_eps=10, num_cycles=2, start_fraction_rem=0, end_fraction_rem=0.4)
    assert frames.blocks(hypnogram(config)) == (
        frames.Block(1, Stage.NREM, 0, 5),
        frames.Block(2, Stage.NREM, 5, 3),
        frames.Block(2, Stage.REM, 8, 2),
    )


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (RunConfig(), "REM asked 50 %, runs 50 %; 5,000 gradient steps in 100 epochs."),
        (
            RunConfig(num_cycles=1, total_eps=3),
            "REM asked 50 %, runs 66.7 %; 150 gradient steps in 3 epochs.",
        ),
        (
            RunConfig(start_fraction_rem=0, end_fraction_rem=0, num=7),
            "REM asked 0 %, runs 0 %; 700 gradient steps in 100 epochs.",
        ),
    ],
)
def test_the_dose_line_tells_asked_from_realised(config: RunConfig, line: str) -> None:
    assert frames.dose_line(dose(config)) == line


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (RunConfig(), "10 cycles · REM 50 % · same digits, inverted"),
        (RunConfig(num_cycles=1, end_fraction_rem=0), "1 cycle · REM 50 % · same digits, inverted"),
        (
            RunConfig(start_fraction_rem=0.05, split="digits"),
            "10 cycles · REM 5 % to 50 % · digits 0-4, then 5-9",
        ),
    ],
)
def test_a_night_is_described_in_a_few_words(config: RunConfig, words: str) -> None:
    assert frames.describe(config) == words


def test_errors_are_one_row_a_finished_cycle() -> None:
    state = fold(RunState(), night([60, 70], [600, 300], whole=False))
    assert frames.errors(state).to_dict("list") == {
        "cycle": [0, 1],
        "old": [60.0, 70.0],
        "new": [600.0, 300.0],
        "images": [3, 3],
    }


def test_errors_before_the_first_measure_are_an_empty_frame() -> None:
    frame = frames.errors(RunState())
    assert list(frame.columns) == ["cycle", "old", "new", "images"]
    assert frame.empty
    assert frames.verdict(frame, 2) is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            [60, 90, 66],
            [600, 300, 120],
            "Old memories stayed as they were: their error rose from 60 to 66 (1.1 times as "
            "high); new memories were learned: theirs fell from 600 to 120 (20 % of it is left).",
        ),
        (
            [60, 200, 480],
            [600, 500, 630],
            "Old memories were lost: their error rose from 60 to 480 (8.0 times as high); "
            "new memories were hardly learned: theirs rose from 600 to 630 (1.1 times as high).",
        ),
        (
            [60, 180],
            [600, 360],
            "After cycle 1 of 2, old memories faded: their error rose from 60 to 180 (3.0 times "
            "as high); new memories were partly learned: theirs fell from 600 to 360 (60 % of it "
            "is left).",
        ),
    ],
)
def test_the_verdict_is_computed_from_the_numbers(
    old: list[float], new: list[float], sentence: str
) -> None:
    state = fold(RunState(), night(old, new, whole=len(old) == 3))
    assert frames.verdict(frames.errors(state), 2) == sentence


def test_old_and_new_differ_in_more_than_colour() -> None:
    state = fold(RunState(), night([60, 70, 80], [600, 300, 200]))
    old, new = charts.errors(frames.errors(state), 2, "MNIST", "inverted MNIST").data
    assert old.name == "old memories (MNIST)"
    assert new.name == "new memories (inverted MNIST)"
    assert old.line.color != new.line.color
    assert old.line.dash != new.line.dash
    assert old.marker.symbol != new.marker.symbol
