"""`core.queue.engine_state`: what the engine tells, and what holds once it is gone."""

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
from core.support.locks import acquire
from tests.helpers.engines import own_outputs
from tools.sample_runs import OTHER, RUN

TOLD = EngineState(
    ready=True,
    workers=2,
    scheduler="tls://127.0.0.1:1",
    pid=7,
    pace=1.5,
    asleep=("20260102-030405-000000",),
    waiting=((RUN, 12.5), (OTHER, None)),
)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


@pytest.mark.parametrize(
    "told", [EngineState(), TOLD, EngineState(problem="no scheduler answers “there”.")]
)
def test_what_is_told_is_read_as_it_was(told: EngineState) -> None:
    engine_state.publish(told)
    assert engine_state.last_published() == told


def test_an_engine_is_alive_for_as_long_as_its_lock_is_held() -> None:
    engine_folder().mkdir(parents=True)
    assert not engine_state.is_alive()
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        assert engine_state.is_alive()
    assert not engine_state.is_alive()


def test_what_an_engine_told_holds_only_while_it_is_alive() -> None:
    engine_state.publish(TOLD)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        assert engine_state.current_state() == TOLD
    assert engine_state.current_state() == EngineState(pace=1.5)  # which the next one goes on from


@contextmanager
def living(told: EngineState, silent_s: float) -> Iterator[None]:
    """As if an engine were alive that has told this, and has not answered for some seconds."""
    engine_state.publish(told)
    os.utime(engine_state_file(), (time.time() - silent_s,) * 2)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        yield


@pytest.mark.parametrize("silent_s", [15, 3_600])
def test_an_engine_that_does_not_answer_says_which_process_since_when_and_the_way_out(
    silent_s: float,
) -> None:
    since = time.strftime("%H:%M:%S", time.localtime(time.time() - silent_s))
    with living(TOLD, silent_s):
        now = engine_state.current_state()
    assert now.problem is not None
    assert now.problem.startswith("the job engine (process 7) has not answered since ")
    assert since[:3] in now.problem
    assert "end that process" in now.problem
    assert not now.ready
    assert now.place(RUN) is None  # its turn is not known


def test_an_engine_that_answers_again_has_no_problem() -> None:
    with living(TOLD, 3_600):
        engine_state.touch_heartbeat()
        assert engine_state.current_state() == TOLD


@pytest.mark.parametrize(("silent_s", "patient"), [(5, True), (60, True), (150, False)])
def test_an_engine_that_starts_has_more_time(silent_s: float, patient: bool) -> None:
    with living(EngineState(), silent_s):
        assert (engine_state.current_state().problem is None) == patient


def test_a_clock_that_was_set_back_is_no_silence() -> None:
    with living(TOLD, -3_600):
        assert engine_state.current_state() == TOLD


def test_a_beat_without_a_state_file_is_no_error() -> None:
    engine_state.touch_heartbeat()
    assert not engine_state_file().exists()


@pytest.mark.parametrize(
    ("alive", "leased", "problem", "served"),
    [
        (False, False, None, False),
        (False, True, None, True),  # a living program starts one
        (True, False, None, True),
        (True, True, None, True),
        (False, True, "no scheduler answers.", False),
        (True, True, "it has not answered.", False),
    ],
)
def test_the_queue_is_served_where_an_engine_works_or_a_program_keeps_one(
    alive: bool, leased: bool, problem: str | None, served: bool
) -> None:
    engine_state.publish(EngineState())
    with ExitStack() as stack:
        if alive:
            lock = acquire(engine_lock_file())
            assert lock is not None
            stack.enter_context(lock)
        if leased:
            stack.enter_context(register_user().lock)
        assert engine_state.is_served(EngineState(problem=problem)) == served
    assert not engine_state.is_served(EngineState())


def test_the_reason_why_there_is_no_engine_outlives_it() -> None:
    engine_state.publish(EngineState(problem="no scheduler answers there."))
    now = engine_state.current_state()
    assert (now.ready, now.problem) == (False, "no scheduler answers there.")


def test_without_an_engine_ever_nothing_is_ready() -> None:
    assert engine_state.last_published() == engine_state.current_state() == EngineState()


def test_a_waiting_run_has_a_place_and_another_has_none() -> None:
    assert TOLD.place(RUN) == QueuePosition(1, 12.5)
    assert TOLD.place(OTHER) == QueuePosition(2, None)
    assert TOLD.place("20260102-030405-000000") is None


OTHER_VERSIONS: dict[str, Any] = {
    "a field more": {"dreams": 1},
    "no list of those who wait": {"waiting": 5},
    "those who wait without a time": {"waiting": [RUN]},
    "three values for one who waits": {"waiting": [[RUN, 1.0, 2]]},
    "no list of those asleep": {"asleep": 5},
    "a pace that is no number": {"pace": None},
    "a pace that is a text": {"pace": "quick"},
    "a pace of nothing": {"pace": 0},
    "a time that is a text": {"waiting": [[RUN, "soon"]]},
}


@pytest.mark.parametrize("change", OTHER_VERSIONS)
def test_what_another_version_told_is_as_if_nothing_were_told(change: str) -> None:
    engine_state.publish(EngineState())
    values = json.loads(engine_state_file().read_text("utf-8"))
    engine_state_file().write_text(
        json.dumps({**values, **OTHER_VERSIONS[change]}), encoding="utf-8"
    )
    assert engine_state.last_published() == EngineState()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xff"])
def test_a_damaged_state_is_as_if_nothing_were_told(content: bytes) -> None:
    engine_state.publish(TOLD)
    engine_state_file().write_bytes(content)
    assert engine_state.last_published() == EngineState()
