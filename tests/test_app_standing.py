"""Where a run stands, in words."""

import pytest

from app import standing
from core.engine.state import Place
from core.events import NightStopped, PretrainingAdvanced
from core.jobs import Snapshot, Status
from core.replay import RunState, fold
from tests.app_runs import night

EMPTY = RunState()
LEARNING = fold(EMPTY, [PretrainingAdvanced(59, 1_180, 2, 20, 180.0)])
BEFORE = fold(EMPTY, night([60], [600], whole=False)[:2])
IN_FIRST = fold(EMPTY, night([60], [600], whole=False))
IN_SECOND = fold(EMPTY, night([60, 70], [600, 300], whole=False))
DONE = fold(EMPTY, night([60, 70, 80], [600, 300, 200]))


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("running", EMPTY, "getting ready"),
        ("running", LEARNING, "before the night, learning the old memories: pass 2 of 20"),
        ("running", BEFORE, "cycle 0 of 2, measuring"),
        ("running", IN_SECOND, "cycle 2 of 2, NREM"),
        ("done", DONE, "cycle 2 of 2, in 12 s"),
        ("stopped", EMPTY, "before the night began"),
        ("stopped", IN_SECOND, "cycle 2 of 2"),
        ("failed", LEARNING, "before the night, learning the old memories: pass 2 of 20"),
        ("failed", IN_SECOND, "cycle 2 of 2"),
    ],
)
def test_a_night_is_placed_by_its_cycle(status: Status, state: RunState, words: str) -> None:
    assert standing.where(Snapshot(status, state)) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (EMPTY, "3rd in line"),
        (IN_FIRST, "3rd in line"),
        (fold(IN_SECOND, [NightStopped()]), "after cycle 1 of 2, 3rd in line"),
    ],
)
def test_a_waiting_night_tells_its_turn_and_what_is_over(state: RunState, words: str) -> None:
    assert standing.where(Snapshot("queued", state, wanted=True, place=Place(3, None))) == words


@pytest.mark.parametrize(
    ("state", "point"),
    [
        (EMPTY, "before the night began"),
        (IN_FIRST, "in cycle 1 of 2"),
        (IN_SECOND, "after cycle 1 of 2"),
    ],
)
def test_a_night_that_broke_off_tells_where_and_how_it_goes_on(state: RunState, point: str) -> None:
    by_itself = standing.where(Snapshot("interrupted", state, wanted=True))
    assert by_itself == f"broke off {point}; it goes on from there by itself"
    asked = standing.where(Snapshot("interrupted", state))
    assert asked == f"broke off {point}; it can be resumed"
