"""`core.jobs.wait_text`: text for what a queued or interrupted run waits for."""

from pathlib import Path

import pytest

from core.jobs import Snapshot
from core.jobs.wait_text import continuation_text, position_text, waiting_text
from core.queue.engine_state import EngineState, QueuePosition
from core.queue.engine_users import register_user
from core.queue.problems import Problem, ProblemCode
from core.runs.state import RunState
from tests.helpers.engines import use_outputs_folder
from tests.helpers.job_runs import engine

PROBLEM = Problem(ProblemCode.ENGINE_FAILED, {"reason": "no scheduler."})


@pytest.mark.parametrize(
    ("position", "text"),
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
def test_position_text_shows_position_and_waiting_time(position: QueuePosition, text: str) -> None:
    assert position_text(position) == text


@pytest.mark.parametrize(
    ("in_queue", "served", "problem", "text"),
    [
        (False, True, None, "it can be resumed"),
        (True, True, None, "it continues automatically from there"),
        (True, False, None, "it continues when an engine runs: start the page or `python -m core"),
        (True, False, PROBLEM, "it continues when the engine works again"),
    ],
)
def test_an_interrupted_run_continues_automatically_only_if_the_queue_is_served(
    in_queue: bool, served: bool, problem: Problem | None, text: str
) -> None:
    now = Snapshot("interrupted", RunState(), in_queue, problem, is_served=served)
    assert continuation_text(now).startswith(text)


@pytest.mark.parametrize(
    ("state", "used", "text"),
    [
        (None, False, "waiting for an engine: start the page or `python -m core serve-engine`"),
        (None, True, "the engine is starting"),
        (EngineState(), True, "the engine is starting"),
        (EngineState(ready=True), False, "starting"),
    ],
)
def test_the_text_of_a_queued_run_without_a_position_names_what_it_waits_for(
    state: EngineState | None,
    used: bool,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    user = register_user()
    if not used:
        user.release()
    served = used or state is not None
    with engine(state):
        now = Snapshot("queued", RunState(), in_queue=True, is_served=served)
        assert waiting_text(now) == text
    if used:
        user.release()


def test_the_text_of_a_queued_run_shows_its_position_or_that_the_engine_has_a_problem() -> None:
    second = Snapshot("queued", RunState(), in_queue=True, position=QueuePosition(2, None))
    assert waiting_text(second) == "2nd in line"
    waits = Snapshot("queued", RunState(), in_queue=True, problem=PROBLEM, is_served=False)
    assert waiting_text(waits) == "waiting for the engine"
