"""`core.queue.engine_state`: the published state, and what it means without a working engine."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.queue import engine_state
from core.queue.engine_state import EngineState, QueuePosition
from core.queue.engine_users import register_user
from core.queue.paths import engine_folder, engine_lock_file, engine_state_file
from core.queue.problems import Problem, ProblemCode
from core.support.locks import acquire
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import OTHER_RUN, RUN

RUNNING = "20260102-030405-000000"
READY = EngineState(
    ready=True,
    workers=2,
    scheduler="tls://127.0.0.1:1",
    pid=7,
    slowdown=1.5,
    running=(RUNNING,),
    waiting=((RUN, 12.5), (OTHER_RUN, None)),
)
NO_SCHEDULER = Problem(
    ProblemCode.SCHEDULER_UNREACHABLE, {"address": "tcp://127.0.0.1:9", "reason": "“refused”"}
)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


@pytest.mark.parametrize("state", [EngineState(), READY, EngineState(problem=NO_SCHEDULER)])
def test_a_published_state_is_read_back_unchanged(state: EngineState) -> None:
    engine_state.publish(state)
    assert engine_state.last_published() == state


def test_an_engine_is_alive_while_its_lock_is_held() -> None:
    engine_folder().mkdir(parents=True)
    assert not engine_state.is_alive()
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        assert engine_state.is_alive()
    assert not engine_state.is_alive()


def test_the_current_state_is_the_published_one_only_while_the_engine_is_alive() -> None:
    engine_state.publish(READY)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        assert engine_state.current_state() == READY
    assert engine_state.current_state() == EngineState(slowdown=1.5)  # the next engine reads it


@contextmanager
def silent_engine(state: EngineState, silent_s: float) -> Iterator[None]:
    """Hold the engine's lock, as an engine does that published ``state`` ``silent_s`` ago."""
    engine_state.publish(state)
    os.utime(engine_state_file(), (time.time() - silent_s,) * 2)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        yield


@pytest.mark.parametrize("silent_s", [15, 3_600])
def test_the_problem_of_a_silent_engine_names_its_process_the_time_and_the_fix(
    silent_s: float,
) -> None:
    since = time.strftime("%H:%M:%S", time.localtime(time.time() - silent_s))
    with silent_engine(READY, silent_s):
        now = engine_state.current_state()
    assert now.problem is not None
    assert now.problem.code is ProblemCode.ENGINE_SILENT
    sentence = now.problem.sentence
    assert sentence.startswith("the job engine (process 7) has not answered since ")
    assert since[:3] in sentence
    assert "end that process" in sentence
    assert not now.ready
    assert now.position(RUN) is None  # a silent engine's queue is out of date


def test_an_engine_that_responds_again_has_no_problem() -> None:
    with silent_engine(READY, 3_600):
        engine_state.touch_heartbeat()
        assert engine_state.current_state() == READY


@pytest.mark.parametrize(
    ("silent_s", "code"), [(5, None), (60, None), (150, ProblemCode.ENGINE_START_SILENT)]
)
def test_an_engine_that_starts_has_two_minutes(silent_s: float, code: ProblemCode | None) -> None:
    with silent_engine(EngineState(), silent_s):
        problem = engine_state.current_state().problem
    assert (problem and problem.code) == code


def test_a_clock_that_was_set_back_does_not_make_an_engine_silent() -> None:
    with silent_engine(READY, -3_600):
        assert engine_state.current_state() == READY


def test_a_heartbeat_without_a_state_file_is_not_an_error() -> None:
    engine_state.touch_heartbeat()
    assert not engine_state_file().exists()


@pytest.mark.parametrize(
    ("alive", "used", "problem", "served"),
    [
        (False, False, None, False),
        (False, True, None, True),  # the registered program starts an engine
        (True, False, None, True),
        (True, True, None, True),
        (False, True, NO_SCHEDULER, False),
        (True, True, Problem(ProblemCode.ENGINE_START_SILENT, {"since": "03:04:05"}), False),
    ],
)
def test_the_queue_is_served_if_an_engine_works_or_a_program_starts_one(
    alive: bool, used: bool, problem: Problem | None, served: bool
) -> None:
    engine_state.publish(EngineState())
    with ExitStack() as stack:
        if alive:
            lock = acquire(engine_lock_file())
            assert lock is not None
            stack.enter_context(lock)
        if used:
            stack.enter_context(register_user().lock)
        assert engine_state.is_served(EngineState(problem=problem)) == served
    assert not engine_state.is_served(EngineState())


def test_the_problem_of_an_engine_that_exited_stays_current() -> None:
    engine_state.publish(EngineState(problem=NO_SCHEDULER))
    now = engine_state.current_state()
    assert (now.ready, now.problem) == (False, NO_SCHEDULER)


def test_without_a_state_file_the_engine_is_not_ready() -> None:
    assert engine_state.last_published() == engine_state.current_state() == EngineState()


def test_only_a_waiting_run_has_a_position() -> None:
    assert READY.position(RUN) == QueuePosition(1, 12.5)
    assert READY.position(OTHER_RUN) == QueuePosition(2, None)
    assert READY.position(RUNNING) is None


def test_a_state_file_of_an_earlier_version_is_read() -> None:
    engine_folder().mkdir(parents=True)
    values = {
        "ready": True,
        "workers": 2,
        "scheduler": "tls://127.0.0.1:1",
        "pid": 7,
        "pace": 1.5,
        "asleep": [RUNNING],
        "waiting": [[RUN, 12.5], [OTHER_RUN, None]],
        "problem": None,
    }
    engine_state_file().write_text(json.dumps(values), encoding="utf-8")
    assert engine_state.last_published() == READY


def test_a_problem_of_an_earlier_version_is_a_sentence_without_a_code() -> None:
    engine_folder().mkdir(parents=True)
    values = {"pace": 1.5, "problem": "no scheduler answers there."}
    engine_state_file().write_text(json.dumps(values), encoding="utf-8")
    problem = Problem(ProblemCode.ENGINE_FAILED, {"reason": "no scheduler answers there."})
    assert engine_state.last_published() == EngineState(slowdown=1.5, problem=problem)


def test_the_state_file_keeps_the_keys_of_earlier_versions() -> None:
    engine_state.publish(EngineState(slowdown=1.5, running=(RUN,), problem=NO_SCHEDULER))
    values = json.loads(engine_state_file().read_text("utf-8"))
    assert (values["pace"], values["asleep"]) == (1.5, [RUN])
    assert values["problem"] == {
        "code": "scheduler_unreachable",
        "parameters": {"address": "tcp://127.0.0.1:9", "reason": "“refused”"},
    }


OTHER_FORMATS: dict[str, Any] = {
    "an additional field": {"dreams": 1},
    "waiting is not a list": {"waiting": 5},
    "waiting runs without a time": {"waiting": [RUN]},
    "three values per waiting run": {"waiting": [[RUN, 1.0, 2]]},
    "a waiting time that is a text": {"waiting": [[RUN, "soon"]]},
    "asleep is not a list": {"asleep": 5},
    "pace is null": {"pace": None},
    "pace is a text": {"pace": "quick"},
    "pace is 0": {"pace": 0},
    "problem is a number": {"problem": 5},
    "problem without parameters": {"problem": {"code": "engine_failed"}},
    "problem of an unknown code": {"problem": {"code": "later", "parameters": {}}},
}


@pytest.mark.parametrize("change", OTHER_FORMATS)
def test_a_state_file_of_another_format_counts_as_the_default_state(change: str) -> None:
    engine_state.publish(EngineState())
    values = json.loads(engine_state_file().read_text("utf-8"))
    engine_state_file().write_text(
        json.dumps({**values, **OTHER_FORMATS[change]}), encoding="utf-8"
    )
    assert engine_state.last_published() == EngineState()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xff"])
def test_a_damaged_state_file_counts_as_the_default_state(content: bytes) -> None:
    engine_state.publish(READY)
    engine_state_file().write_bytes(content)
    assert engine_state.last_published() == EngineState()
