"""`core.replay`: one fold for a live run, a page refresh and a replay."""

from pathlib import Path

import pytest

from core.events import (
    CycleDone,
    DreamsMade,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    PretrainingAdvanced,
    StageEvaluated,
    StageStarted,
)
from core.replay import RunState, fold
from core.store import RunLog, RunReader
from tests.conftest import Night, of_kind


@pytest.fixture(scope="module")
def slept() -> list[list[Event]]:
    return []


@pytest.fixture
def events(night: Night, slept: list[list[Event]]) -> list[Event]:
    """A short night's, slept once for all tests of this file."""
    if not slept:
        slept.append(night(total_eps=7, num_cycles=2, seeds=(0, 1)))
    return slept[0]


def test_nothing_has_happened_before_the_first_event() -> None:
    state = fold(RunState(), [])
    assert state == RunState()
    assert (state.phase, state.progress, state.epochs, state.night) == ("starting", 0.0, 0, None)


def test_a_finished_night_holds_all_that_it_showed(events: list[Event]) -> None:
    state = fold(RunState(), events)
    assert state.phase == "done"
    assert state.progress == 1.0
    assert state.night is of_kind(events, NightStarted)[0]
    assert state.epochs == 7
    assert list(state.stages) == of_kind(events, StageEvaluated)
    assert list(state.losses) == of_kind(events, EpochDone)
    assert list(state.dreams) == of_kind(events, DreamsMade)
    assert state.seconds == of_kind(events, NightDone)[0].seconds


def test_the_cycles_are_the_last_measures_of_each_with_the_one_before_the_night_first(
    events: list[Event],
) -> None:
    state = fold(RunState(), events)
    assert [(stage.cycle, stage.stage) for stage in state.cycles] == [
        (0, "before"),
        (1, "REM"),
        (2, "REM"),
    ]


def test_the_fold_is_the_same_wherever_it_is_cut(events: list[Event]) -> None:
    whole = fold(RunState(), events)
    for cut in range(len(events) + 1):
        assert fold(fold(RunState(), events[:cut]), events[cut:]) == whole


def test_a_state_never_changes_once_it_is_there(events: list[Event]) -> None:
    early = fold(RunState(), events[:5])
    copy = fold(RunState(), events[:5])
    fold(early, events[5:])
    assert early == copy


def test_phase_cycle_and_progress_follow_the_night(events: list[Event]) -> None:
    state, seen = RunState(), []
    for event in events:
        before, state = state.progress, fold(state, [event])
        assert state.progress >= before
        if isinstance(event, (NightStarted, StageStarted, NightDone)):
            seen.append((state.phase, state.cycle))
        if isinstance(event, EpochDone):
            assert state.progress == len(state.losses) / 7
    assert seen == [
        ("before", 0),
        ("NREM", 1),
        ("REM", 1),
        ("NREM", 2),
        ("REM", 2),
        ("done", 2),
    ]


def test_an_unfinished_cycle_is_not_among_the_cycles(events: list[Event]) -> None:
    first_done = next(i for i, event in enumerate(events) if isinstance(event, CycleDone))
    assert len(fold(RunState(), events[:first_done]).cycles) == 1
    assert len(fold(RunState(), events[: first_done + 1]).cycles) == 2


def test_pretraining_has_a_phase_and_a_progress_of_its_own(events: list[Event]) -> None:
    state = fold(RunState(), [PretrainingAdvanced(25, 100, 1, 4, 200.0)])
    assert (state.phase, state.progress) == ("pre-training", 0.25)
    assert state.pretraining == PretrainingAdvanced(25, 100, 1, 4, 200.0)
    state = fold(state, events[:1])
    assert (state.phase, state.progress) == ("before", 0.0)


def test_a_live_run_and_its_log_fold_to_the_same_numbers(
    events: list[Event], tmp_path: Path
) -> None:
    live, replayed, reader = RunState(), RunState(), RunReader(tmp_path)
    with RunLog(tmp_path) as log:
        for event in events:
            log.append(event)
            live = fold(live, [event])
            replayed = fold(replayed, reader.read())
            assert (replayed.phase, replayed.cycle) == (live.phase, live.cycle)
            assert replayed.progress == live.progress
            assert replayed.losses == live.losses
            assert replayed.night == live.night
            for ours, theirs in zip(replayed.stages, live.stages, strict=True):
                assert ours.dataset_1.error == theirs.dataset_1.error
                assert ours.dataset_2.recall_accuracy == theirs.dataset_2.recall_accuracy
    assert fold(RunState(), RunReader(tmp_path).read()).seconds == live.seconds
