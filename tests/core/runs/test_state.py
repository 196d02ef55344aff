"""`core.runs.state`: the fold of events into the state of a run."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.events import (
    CuesShown,
    CycleDone,
    DreamsMade,
    EpochDone,
    Event,
    ImagesRecalled,
    NightDone,
    NightFailed,
    NightResumed,
    NightStarted,
    NightStopped,
    PretrainingAdvanced,
    StageEvaluated,
    StageStarted,
)
from core.runs.log import RunLog, RunReader
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.validation import MAX_EPOCHS
from tests.conftest import NightRunner, comparable, events_of_type
from tests.helpers.simple_fold import simple_step
from tools.sample_runs import night_events, night_started, small_configs


@pytest.fixture(scope="module")
def nights() -> list[list[Event]]:
    """A cache of the events of one night."""
    return []


@pytest.fixture
def events(night: NightRunner, nights: list[list[Event]]) -> list[Event]:
    """The events of a short night, which runs once for all tests of this file."""
    if not nights:
        nights.append(night(total_eps=7, num_cycles=2, seeds=(0, 1)))
    return nights[0]


def test_the_state_without_events_is_the_initial_state() -> None:
    state = fold(RunState(), [])
    assert state == RunState()
    assert (state.phase, state.progress, state.epochs, state.night) == ("starting", 0.0, 0, None)


def test_the_state_of_a_finished_night_holds_all_its_events(events: list[Event]) -> None:
    state = fold(RunState(), events)
    assert state.phase == "done"
    assert state.progress == 1.0
    assert state.night is events_of_type(events, NightStarted)[0]
    assert state.epochs == 7
    assert list(state.stages) == events_of_type(events, StageEvaluated)
    assert list(state.losses) == events_of_type(events, EpochDone)
    assert list(state.dreams) == events_of_type(events, DreamsMade)
    assert [state.cues] == events_of_type(events, CuesShown)
    assert list(state.recalled) == events_of_type(events, ImagesRecalled)
    assert [event.cycle for event in state.recalled] == [0, 1, 2]
    assert state.seconds == events_of_type(events, NightDone)[0].seconds


def test_the_cycles_are_the_measures_before_the_night_and_after_each_cycle(
    events: list[Event],
) -> None:
    state = fold(RunState(), events)
    assert [(stage.cycle, stage.stage) for stage in state.cycles] == [
        (0, "before"),
        (1, "REM"),
        (2, "REM"),
    ]


def test_the_fold_does_not_depend_on_where_it_is_split(events: list[Event]) -> None:
    whole = fold(RunState(), events)
    for cut in range(len(events) + 1):
        assert fold(fold(RunState(), events[:cut]), events[cut:]) == whole


def test_folding_does_not_change_the_previous_state(events: list[Event]) -> None:
    early = fold(RunState(), events[:5])
    copy = fold(RunState(), events[:5])
    fold(early, events[5:])
    assert early == copy


def test_phase_cycle_and_progress_follow_the_night(events: list[Event]) -> None:
    state, phases = RunState(), []
    for event in events:
        previous, state = state.progress, fold(state, [event])
        assert state.progress >= previous
        if isinstance(event, (NightStarted, StageStarted, NightDone)):
            phases.append((state.phase, state.cycle))
        if isinstance(event, EpochDone):
            assert state.progress == len(state.losses) / 7
    assert phases == [
        ("before", 0),
        ("NREM", 1),
        ("REM", 1),
        ("NREM", 2),
        ("REM", 2),
        ("done", 2),
    ]


def test_the_cycles_do_not_include_an_unfinished_cycle(events: list[Event]) -> None:
    first_done = next(i for i, event in enumerate(events) if isinstance(event, CycleDone))
    assert len(fold(RunState(), events[:first_done]).cycles) == 1
    assert len(fold(RunState(), events[: first_done + 1]).cycles) == 2


def test_pretraining_has_its_own_phase_and_progress(events: list[Event]) -> None:
    state = fold(RunState(), [PretrainingAdvanced(25, 100, 1, 4, 200.0)])
    assert (state.phase, state.progress) == ("pre-training", 0.25)
    assert state.pretraining == PretrainingAdvanced(25, 100, 1, 4, 200.0)
    state = fold(state, events[:1])
    assert (state.phase, state.progress) == ("before", 0.0)


def test_a_live_run_and_its_log_give_the_same_state(events: list[Event], tmp_path: Path) -> None:
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
            for read, lived in zip(replayed.stages, live.stages, strict=True):
                assert read.dataset_1.error == lived.dataset_1.error
                assert read.dataset_2.recall_accuracy == lived.dataset_2.recall_accuracy
    assert fold(RunState(), RunReader(tmp_path).read()).seconds == live.seconds


# --- interrupted nights ---


def after_cycle(events: list[Event], cycle: int) -> list[Event]:
    """Return the events after the end of ``cycle``; cycle 0 is before the night."""
    for index, event in enumerate(events):
        if isinstance(event, CycleDone if cycle else ImagesRecalled) and event.cycle == cycle:
            return events[index + 1 :]
    raise AssertionError


def restarted(events: list[Event], earlier: list[Event]) -> list[Event]:
    """Return the events of a night that starts again, without pre-training if that is done."""
    if events_of_type(earlier, NightStarted):
        return [event for event in events if not isinstance(event, PretrainingAdvanced)]
    return events


ENDINGS = st.sampled_from([None, NightStopped(), NightFailed("the disk is full.")])


@settings(max_examples=200)
@given(small_configs(), st.integers(0, 2), st.data())
def test_a_night_interrupted_anywhere_gives_the_state_of_an_uninterrupted_night(
    config: RunConfig, pretraining: int, data: st.DataObject
) -> None:
    events = night_events(config, pretraining)
    log: list[Event] = []
    rest = events
    for _ in range(data.draw(st.integers(1, 3))):
        log += rest[: data.draw(st.integers(0, len(rest) - 1))]  # the night is unfinished
        ending = data.draw(ENDINGS)
        log += [] if ending is None else [ending]
        now = fold(RunState(), log)
        last_kept = data.draw(st.integers(0, now.finished_cycles))
        if not last_kept:  # there is no checkpoint
            rest = restarted(events, log)
            continue
        log.append(NightResumed(last_kept, {"torch": "2.14"}))
        resumed = fold(now, log[-1:])
        assert resumed.cycle == last_kept
        assert resumed.cycles == now.cycles[: last_kept + 1]
        rest = after_cycle(events, last_kept)
    assert comparable(fold(RunState(), log + rest)) == comparable(fold(RunState(), events))


@given(small_configs(), st.data())
def test_a_resumed_night_has_the_state_at_the_end_of_that_cycle(
    config: RunConfig, data: st.DataObject
) -> None:
    events = night_events(config)
    last_kept = data.draw(st.integers(0, config.num_cycles))
    rest = after_cycle(events, last_kept)
    cut = data.draw(st.integers(0, len(rest) - 1))
    start = events[: len(events) - len(rest)]
    resumed = fold(RunState(), [*start, *rest[:cut], NightResumed(last_kept, {})])
    assert comparable(resumed) == comparable(fold(RunState(), start))


@given(small_configs(), st.integers(0, 2), st.lists(st.integers(0, 60)))
def test_the_fold_does_not_depend_on_how_events_are_grouped(
    config: RunConfig, pretraining: int, cuts: list[int]
) -> None:
    events = night_events(config, pretraining)
    ends = [0, *sorted(cuts), len(events)]
    state = RunState()
    for start, end in pairwise(ends):
        state = fold(state, iter(events[start:end]))
    assert comparable(state) == comparable(fold(RunState(), events))


@given(small_configs(), st.data())
def test_the_outcome_of_an_interrupted_night_is_reset_when_it_resumes(
    config: RunConfig, data: st.DataObject
) -> None:
    events = night_events(config)
    end = data.draw(st.integers(4, len(events) - 1))
    unfinished = fold(RunState(), events[:end])
    assert (unfinished.outcome, unfinished.problem) == (None, None)
    stopped = fold(unfinished, [NightStopped()])
    assert (stopped.outcome, stopped.problem) == ("stopped", None)
    failed = fold(stopped, [NightFailed("the disk is full.")])
    assert (failed.outcome, failed.problem) == ("failed", "the disk is full.")
    assert failed.losses == unfinished.losses
    assert failed.stages == unfinished.stages
    stopped = fold(failed, [NightStopped()])  # while it is queued again
    assert (stopped.outcome, stopped.problem) == ("stopped", None)
    resumed = fold(failed, [NightResumed(len(unfinished.cycles) - 1, {})])
    assert (resumed.outcome, resumed.problem) == (None, None)
    done = fold(resumed, after_cycle(events, resumed.cycle))
    assert (done.outcome, done.problem) == ("done", None)


@given(small_configs(), st.integers(0, 2), st.data())
def test_a_second_start_resets_the_state(
    config: RunConfig, pretraining: int, data: st.DataObject
) -> None:
    events = night_events(config, pretraining)
    cut = data.draw(st.integers(pretraining + 1, len(events)))
    ending = [NightFailed("the disk is full.")]
    again = fold(RunState(), [*events[:cut], *ending, events[pretraining]])
    assert comparable(again) == comparable(fold(RunState(), events[: pretraining + 1]))


def test_resuming_before_the_start_does_not_raise() -> None:
    state = fold(RunState(), [NightResumed(1, {})])
    assert (state.cycles, state.progress, state.outcome) == ((), 0.0, None)


# --- equality with the simple definition, and speed ---

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2), pretraining=2)


def interrupted(events: list[Event], data: st.DataObject) -> list[Event]:
    """Return the log of a night that is interrupted up to four times."""
    log: list[Event] = []
    rest = events
    for _ in range(data.draw(st.integers(0, 4))):
        log += rest[: data.draw(st.integers(0, len(rest)))]
        log += [event for event in [data.draw(ENDINGS)] if event is not None]
        now = fold(RunState(), log)
        last_kept = data.draw(st.integers(0, now.finished_cycles))
        if now.cycles:
            log.append(NightResumed(last_kept, {}))
            rest = after_cycle(events, last_kept)
        else:
            rest = restarted(events, log)
    return log + rest


@given(small_configs(), st.integers(0, 2), st.data())
def test_the_fold_equals_its_simple_definition_for_interrupted_nights(
    config: RunConfig, pretraining: int, data: st.DataObject
) -> None:
    events = interrupted(night_events(config, pretraining), data)
    cut = data.draw(st.integers(0, len(events)))
    expected = RunState()
    for event in events:
        expected = simple_step(expected, event)
    assert comparable(fold(fold(RunState(), events[:cut]), events[cut:])) == comparable(expected)


def test_a_long_night_with_many_interruptions_folds_in_under_two_seconds() -> None:
    events = long_night(10, MAX_EPOCHS)
    start = time.process_time()
    state = fold(RunState(), [*events, *[NightResumed(10, {})] * 100_000])
    assert time.process_time() - start < 2
    assert len(state.losses) == MAX_EPOCHS


def long_night(cycles: int, epochs: int) -> list[Event]:
    """Return the events of a night without its measures."""
    rem = {"start_fraction_rem": 0.0, "end_fraction_rem": 0.0}
    config = RunConfig(num_cycles=cycles, total_eps=epochs, num=1, **rem)
    events: list[Event] = [night_started(config)]
    for number, (_, nrem, _) in enumerate(night_started(config).cycles, start=1):
        losses = ((1.0,),) * 3
        events += [EpochDone(number, "NREM", epoch + 1, *losses) for epoch in range(nrem)]
        events.append(CycleDone(number))
    return events


@pytest.mark.parametrize("cycles", [10, 100_000])
def test_the_longest_allowed_night_folds_in_under_two_seconds(cycles: int) -> None:
    events = long_night(cycles, MAX_EPOCHS)
    start = time.process_time()
    state = fold(RunState(), events)
    assert time.process_time() - start < 2
    assert (len(state.losses), state.epochs) == (MAX_EPOCHS, MAX_EPOCHS)
    assert state.progress == 1.0


def test_folding_no_events_does_not_copy_the_state() -> None:
    state = fold(RunState(), NIGHT)
    again = fold(state, [])
    assert again.losses is state.losses
    assert again.stages is state.stages
