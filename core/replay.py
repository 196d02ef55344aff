"""The fold, from a run's events to its state: the same for a live run, a finished one, a replay."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from core.events import (
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

Phase = Literal["starting", "pre-training", "before", "NREM", "REM", "done"]
Outcome = Literal["done", "stopped", "failed"]


@dataclass(frozen=True)
class RunState:
    """Where a run is and all it has shown so far.

    ``stages`` starts with the measure before the night, ``cycles`` holds the last measure of each
    finished cycle, with the one before the night at index 0. ``progress`` is the share of the
    night's epochs that are done, in [0, 1] (of pre-training's steps while ``phase`` says so).
    ``recalled`` holds what was made of the ``cues`` before the night and after each cycle.
    ``outcome`` is how the run ended, None if it has not or is at it again; ``problem`` the
    sentence that goes with "failed".
    """

    phase: Phase = "starting"
    cycle: int = 0
    progress: float = 0.0
    night: NightStarted | None = None
    pretraining: PretrainingAdvanced | None = None
    stages: tuple[StageEvaluated, ...] = ()
    cycles: tuple[StageEvaluated, ...] = ()
    losses: tuple[EpochDone, ...] = ()
    dreams: tuple[DreamsMade, ...] = ()
    cues: CuesShown | None = None
    recalled: tuple[ImagesRecalled, ...] = ()
    seconds: float | None = None
    outcome: Outcome | None = None
    problem: str | None = None

    @property
    def finished(self) -> int:
        """How many cycles are over: those that are kept whatever happens."""
        return max(len(self.cycles) - 1, 0)

    @property
    def epochs(self) -> int:
        """The night's epochs over all cycles, 0 before it has started."""
        return sum(nrem + rem for _, nrem, rem in self.night.cycles) if self.night else 0


def fold(state: RunState, events: Iterable[Event]) -> RunState:
    """The state after ``events``, which follow those that led to ``state``."""
    for event in events:
        state = _step(state, event)
    return state


def _step(state: RunState, event: Event) -> RunState:
    match event:
        case PretrainingAdvanced():
            done = event.step / event.steps if event.steps else 0.0
            return RunState(phase="pre-training", pretraining=event, progress=done)
        case NightStarted():  # for the second time if there was nothing yet to go on from
            return RunState(phase="before", night=event, pretraining=state.pretraining)
        case NightResumed():
            return _back_to(state, event.cycle)
        case StageStarted():
            return replace(state, phase=_phase(event.stage), cycle=event.cycle)
        case EpochDone():
            losses = (*state.losses, event)
            return replace(state, losses=losses, progress=_share(state, losses))
        case StageEvaluated():
            stages = (*state.stages, event)
            cycles = state.cycles if event.cycle else (event,)
            return replace(state, stages=stages, cycles=cycles)
        case DreamsMade():
            return replace(state, dreams=(*state.dreams, event))
        case CuesShown():
            return replace(state, cues=event)
        case ImagesRecalled():
            return replace(state, recalled=(*state.recalled, event))
        case CycleDone():
            return replace(state, cycles=(*state.cycles, *state.stages[-1:]))
        case NightDone():
            return replace(state, phase="done", progress=1.0, seconds=event.seconds, outcome="done")
        case NightStopped():
            return replace(state, outcome="stopped", problem=None)
        case NightFailed():
            return replace(state, outcome="failed", problem=event.sentence)


def _back_to(state: RunState, cycle: int) -> RunState:
    """The state as it was when ``cycle`` was over."""
    stages = tuple(stage for stage in state.stages if stage.cycle <= cycle)
    losses = tuple(epoch for epoch in state.losses if epoch.cycle <= cycle)
    last = {stage.cycle: stage for stage in stages}  # a cycle's values are those of its last stage
    return replace(
        state,
        phase=_phase(stages[-1].stage) if stages else "before",
        cycle=cycle,
        progress=_share(state, losses),
        stages=stages,
        cycles=tuple(last.values()),
        losses=losses,
        dreams=tuple(made for made in state.dreams if made.cycle <= cycle),
        recalled=tuple(made for made in state.recalled if made.cycle <= cycle),
        outcome=None,
        problem=None,
    )


def _share(state: RunState, losses: tuple[EpochDone, ...]) -> float:
    return len(losses) / state.epochs if state.epochs else 0.0


def _phase(stage: str) -> Phase:
    phases: dict[str, Phase] = {"before": "before", "NREM": "NREM"}
    return phases.get(stage, "REM")
