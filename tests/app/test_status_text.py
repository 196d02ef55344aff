"""Where runs stand, in words."""

from pathlib import Path

import pytest

from app import status_text
from app.conditions import CONDITIONS
from app.snapshot import PageSnapshot
from core.jobs import Snapshot, Status
from core.queue.engine_state import QueuePosition
from core.queue.problems import Problem, ProblemCode
from core.runs.events import NightStopped, PretrainingAdvanced
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from tests.helpers.page_runs import night, state

EMPTY = RunState()
LEARNING = fold(EMPTY, [PretrainingAdvanced(59, 1_180, 2, 20, 180.0)])
BEFORE = fold(EMPTY, night([60], [600], whole=False)[:2])
IN_FIRST = state([60], [600], whole=False)
IN_SECOND = state([60, 70], [600, 300], whole=False)
DONE = state([60, 70, 80], [600, 300, 200])


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))


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
    assert status_text.position_text(Snapshot(status, state)) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (EMPTY, "3rd in line"),
        (IN_FIRST, "3rd in line"),
        (fold(IN_SECOND, [NightStopped()]), "after cycle 1 of 2, 3rd in line"),
    ],
)
def test_a_waiting_night_tells_its_turn_and_what_is_over(state: RunState, words: str) -> None:
    assert (
        status_text.position_text(
            Snapshot("queued", state, wanted=True, place=QueuePosition(3, None))
        )
        == words
    )


@pytest.mark.parametrize(
    ("state", "point"),
    [
        (EMPTY, "before the night began"),
        (IN_FIRST, "in cycle 1 of 2"),
        (IN_SECOND, "after cycle 1 of 2"),
    ],
)
def test_a_night_that_broke_off_tells_where_and_how_it_goes_on(state: RunState, point: str) -> None:
    by_itself = status_text.position_text(Snapshot("interrupted", state, wanted=True))
    assert by_itself == f"broke off {point}; it goes on from there by itself"
    asked = status_text.position_text(Snapshot("interrupted", state))
    assert asked == f"broke off {point}; it can be resumed"
    unserved = status_text.position_text(
        Snapshot("interrupted", state, wanted=True, is_served=False)
    )
    assert unserved.startswith(f"broke off {point}; it continues when an engine runs: start the")
    problem = Problem(ProblemCode.ENGINE_FAILED, {"reason": "no scheduler."})
    unable = status_text.position_text(
        Snapshot("interrupted", state, wanted=True, problem=problem)
    )
    assert unable == f"broke off {point}; it continues when the engine works again"


# --- of two ---

SEEDS = (0, 1, 2)
CONFIGS = (
    RunConfig(SEEDS),
    RunConfig(SEEDS, start_fraction_rem=0, end_fraction_rem=0),
)


@pytest.mark.parametrize(
    ("mine", "beside", "words"),
    [
        (Snapshot("running", IN_SECOND), None, "cycle 2 of 2, NREM, about 20 s left"),
        (
            Snapshot("running", IN_SECOND),
            Snapshot("queued", EMPTY, place=QueuePosition(1, None)),
            "cycle 2 of 2, NREM, about 30 s left",
        ),
        (Snapshot("done", DONE), Snapshot("done", DONE), "cycle 2 of 2, in 12 s"),
        (
            Snapshot("done", DONE),
            Snapshot("running", IN_FIRST),
            "cycle 1 of 2, NREM (no REM), about 30 s left",
        ),
        (
            Snapshot("done", DONE),
            Snapshot("queued", EMPTY, place=QueuePosition(2, None)),
            "2nd in line (no REM)",
        ),
        (
            Snapshot("stopped", IN_SECOND),
            Snapshot("running", LEARNING),
            "before the night, learning the old memories: pass 2 of 20 (no REM)",
        ),
    ],
)
def test_the_line_tells_where_the_nights_are_and_what_is_left(
    mine: Snapshot, beside: Snapshot | None, words: str
) -> None:
    now = PageSnapshot(mine, beside, CONDITIONS["no-rem"], CONFIGS)
    assert status_text.status_line(now) == words
