"""`core.training.night`: resuming from checkpoints, and stopping between two steps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data import DatasetPair
from core.ensemble import Ensemble
from core.model.vae import VAE
from core.runs.events import CycleDone, Event, NightResumed, NightStarted
from core.runs.state import RunState, fold
from core.support.stopping import Stopped
from core.training.checkpoints import Checkpoints
from core.training.night import train
from tests.conftest import ConfigFactory, comparable

pytestmark = pytest.mark.usefixtures("one_thread")

CYCLES = 3
RunNight = Callable[..., list[Event]]


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def run_night(short: ConfigFactory, small_pair: DatasetPair, checkpoints: Checkpoints) -> RunNight:
    """Runs a night of three cycles and two seeds, or, as if killed, only up to cycle ``until``."""

    def run(finished: int = 0, until: int = CYCLES, **changes: Any) -> list[Event]:
        config = short(**{"total_eps": 9, "num_cycles": CYCLES, "seeds": (4, 0), **changes})
        events = []
        for event in train(config, small_pair, checkpoints=checkpoints, finished=finished):
            events.append(event)
            if until < CYCLES and event == CycleDone(until):
                break
        return events

    return run


def final_state(events: list[Event]) -> Any:
    """Return the state of a finished night without its duration."""
    state = fold(RunState(), events)
    assert state.outcome == "done"
    return comparable(replace(state, seconds=None))


# --- resuming a night ---


@pytest.mark.parametrize("dreamer", [False, True], ids=["frozen", "current"])
@pytest.mark.parametrize("cycle", [1, 2])
def test_a_resumed_night_ends_in_the_same_state_bit_for_bit(
    cycle: int, dreamer: bool, run_night: RunNight, checkpoints: Checkpoints
) -> None:
    uninterrupted = run_night(continue_training=dreamer)
    last = (checkpoints.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes()
    for file in checkpoints.folder.iterdir():
        file.unlink()
    first_part = run_night(until=cycle, continue_training=dreamer)
    rest = run_night(finished=cycle, continue_training=dreamer)
    assert isinstance(rest[0], NightResumed)
    assert rest[0].cycle == cycle
    assert final_state([*first_part, *rest]) == final_state(uninterrupted)
    assert (checkpoints.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes() == last


def test_a_checkpoint_of_a_cycle_whose_end_was_not_reported_is_ignored(run_night: RunNight) -> None:
    uninterrupted = run_night()
    rest = run_night(finished=2)  # cycle 3 has a checkpoint
    assert rest[0] == NightResumed(2, rest[0].versions)  # type: ignore[union-attr]
    assert final_state([*uninterrupted[:-2], *rest]) == final_state(uninterrupted)


def test_a_night_killed_before_its_last_event_yields_only_that_event_when_resumed(
    run_night: RunNight,
) -> None:
    uninterrupted = run_night()
    rest = run_night(finished=CYCLES)
    assert [type(event).__name__ for event in rest] == ["NightResumed", "NightDone"]
    assert final_state([*uninterrupted[:-1], *rest]) == final_state(uninterrupted)


def test_a_night_without_a_finished_cycle_starts_over(run_night: RunNight) -> None:
    uninterrupted = run_night()
    restarted = run_night(finished=0)
    assert isinstance(restarted[0], NightStarted)
    assert final_state([*uninterrupted[:9], *restarted]) == final_state(uninterrupted)


def test_a_resumed_night_does_not_need_the_file_of_its_initial_weights(
    run_night: RunNight, tiny_weights: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "given.safetensors"
    weights.write_bytes(tiny_weights.read_bytes())
    first_part = run_night(until=1, weights=str(weights))
    weights.unlink()
    rest = run_night(finished=1, weights=str(weights))
    assert final_state([*first_part, *rest])


def test_the_seconds_of_a_resumed_night_include_those_before_the_interruption(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    run_night(until=2)
    saved = checkpoints.newest(2, Ensemble(VAE(5), (4, 0), 0.001))
    assert saved is not None
    state = fold(RunState(), run_night(finished=2)[-1:])
    assert state.seconds is not None
    assert state.seconds > saved.seconds > 0


def test_a_night_whose_initial_model_is_missing_starts_over(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    uninterrupted = run_night()
    (checkpoints.folder / "start.safetensors").unlink()
    restarted = run_night(finished=2)
    assert isinstance(restarted[0], NightStarted)
    assert final_state([*uninterrupted[:-2], *restarted]) == final_state(uninterrupted)


def test_checkpoints_are_json_and_safetensors_only(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    run_night()
    assert {file.suffix for file in checkpoints.folder.iterdir()} == {".json", ".safetensors"}


# --- stopping between two steps ---


@pytest.mark.parametrize("calls", [1, 3, 8, 14, 40])
def test_an_exception_from_the_check_ends_the_night_at_once(
    calls: int, short: ConfigFactory, small_pair: DatasetPair
) -> None:
    called = 0

    def check() -> None:
        nonlocal called
        called += 1
        if called == calls:
            raise Stopped

    with pytest.raises(Stopped):
        list(train(short(total_eps=9, num_cycles=3), small_pair, check=check))
    assert called == calls
