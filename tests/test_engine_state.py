"""`core.engine.state`: what the engine tells, and what holds once it is gone."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.engine import state
from core.engine.places import engine_dir, engine_lock, engine_state
from core.engine.state import EngineState, Place
from core.store.locks import acquire
from tests.engines import own_outputs
from tests.kept_runs import OTHER, RUN

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
    state.publish(told)
    assert state.last_told() == told


def test_an_engine_is_alive_for_as_long_as_its_lock_is_held() -> None:
    engine_dir().mkdir(parents=True)
    assert not state.alive()
    lock = acquire(engine_lock())
    assert lock is not None
    with lock:
        assert state.alive()
    assert not state.alive()


def test_what_an_engine_told_holds_only_while_it_is_alive() -> None:
    state.publish(TOLD)
    lock = acquire(engine_lock())
    assert lock is not None
    with lock:
        assert state.engine_now() == TOLD
    assert state.engine_now() == EngineState(pace=1.5)  # which the next one goes on from


def test_the_reason_why_there_is_no_engine_outlives_it() -> None:
    state.publish(EngineState(problem="no scheduler answers there."))
    now = state.engine_now()
    assert (now.ready, now.problem) == (False, "no scheduler answers there.")


def test_without_an_engine_ever_nothing_is_ready() -> None:
    assert state.last_told() == state.engine_now() == EngineState()


def test_a_waiting_run_has_a_place_and_another_has_none() -> None:
    assert TOLD.place(RUN) == Place(1, 12.5)
    assert TOLD.place(OTHER) == Place(2, None)
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
    state.publish(EngineState())
    values = json.loads(engine_state().read_text("utf-8"))
    engine_state().write_text(json.dumps({**values, **OTHER_VERSIONS[change]}), encoding="utf-8")
    assert state.last_told() == EngineState()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xff"])
def test_a_damaged_state_is_as_if_nothing_were_told(content: bytes) -> None:
    state.publish(TOLD)
    engine_state().write_bytes(content)
    assert state.last_told() == EngineState()
