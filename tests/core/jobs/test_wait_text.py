"""`core.jobs.wait_text`: a turn in words."""

from pathlib import Path

import pytest

from core.jobs import Snapshot
from core.jobs.wait_text import continuation_text, position_text, waiting_text
from core.queue.engine_state import EngineState, QueuePosition
from core.queue.engine_users import register_user
from core.runs.state import RunState
from tests.helpers.engines import own_outputs
from tests.helpers.job_runs import engine


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (QueuePosition(1, None), "next in line"),
        (QueuePosition(1, 1.0), "next in line"),
        (QueuePosition(1, 12.0), "next in line, about 10 s to wait"),
        (QueuePosition(2, 7.0), "2nd in line, about 10 s to wait"),
        (QueuePosition(3, 41.0), "3rd in line, about 40 s to wait"),
        (QueuePosition(11, 94.0), "11th in line, about 90 s to wait"),
        (QueuePosition(12, 100.0), "12th in line, about 2 min to wait"),
        (QueuePosition(21, 3_600.0), "21st in line, about 60 min to wait"),
        (QueuePosition(22, 5_400.0), "22nd in line, about 1.5 h to wait"),
        (QueuePosition(113, None), "113th in line"),
    ],
)
def test_a_turn_is_told_as_a_place_and_a_wait(place: QueuePosition, words: str) -> None:
    assert position_text(place) == words


@pytest.mark.parametrize(
    ("wanted", "served", "problem", "words"),
    [
        (False, True, None, "it can be resumed"),
        (True, True, None, "it goes on from there by itself"),
        (True, False, None, "it continues when an engine runs: start the page or `python -m core"),
        (True, False, "no scheduler.", "it continues when the engine works again"),
    ],
)
def test_by_itself_is_said_only_where_something_serves_the_queue(
    wanted: bool, served: bool, problem: str | None, words: str
) -> None:
    now = Snapshot("interrupted", RunState(), wanted, problem, is_served=served)
    assert continuation_text(now).startswith(words)


@pytest.mark.parametrize(
    ("told", "leased", "words"),
    [
        (None, False, "waiting for an engine: start the page or `python -m core serve-engine`"),
        (None, True, "the engine is starting"),
        (EngineState(), True, "the engine is starting"),
        (EngineState(ready=True), False, "its turn has come"),
    ],
)
def test_a_queued_run_without_a_turn_says_what_it_waits_for(
    told: EngineState | None,
    leased: bool,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_outputs(tmp_path / "outputs", monkeypatch)
    lease = register_user()
    if not leased:
        lease.release()
    served = leased or told is not None
    with engine(told):
        assert waiting_text(Snapshot("queued", RunState(), True, is_served=served)) == words
    if leased:
        lease.release()


def test_a_queued_run_with_a_place_or_a_problem_tells_that() -> None:
    assert (
        waiting_text(Snapshot("queued", RunState(), True, place=QueuePosition(2, None)))
        == "2nd in line"
    )
    waits = Snapshot("queued", RunState(), True, "no scheduler.", is_served=False)
    assert waiting_text(waits) == "waiting for the engine"
