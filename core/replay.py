"""The fold, from a run's events to its state: the same for a live run, a finished one, a replay."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

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

Phase = Literal["starting", "pre-training", "before", "NREM", "REM", "done"]


@dataclass(frozen=True)
class RunState:
    """Where a run is and all it has shown so far.

    ``stages`` starts with the measure before the night, ``cycles`` holds the last measure of each
    finished cycle, with the one before the night at index 0. ``progress`` is the share of the
    night's epochs that are done, in [0, 1] (of pre-training's steps while ``phase`` says so).
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
    seconds: float | None = None

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
            return replace(state, phase="pre-training", pretraining=event, progress=done)
        case NightStarted():
            return replace(state, phase="before", night=event, progress=0.0)
        case StageStarted():
            phase: Phase = "NREM" if event.stage == "NREM" else "REM"
            return replace(state, phase=phase, cycle=event.cycle)
        case EpochDone():
            losses = (*state.losses, event)
            done = len(losses) / state.epochs if state.epochs else 0.0
            return replace(state, losses=losses, progress=done)
        case StageEvaluated():
            stages = (*state.stages, event)
            cycles = state.cycles if event.cycle else (event,)
            return replace(state, stages=stages, cycles=cycles)
        case DreamsMade():
            return replace(state, dreams=(*state.dreams, event))
        case CycleDone():
            return replace(state, cycles=(*state.cycles, *state.stages[-1:]))
        case NightDone():
            return replace(state, phase="done", progress=1.0, seconds=event.seconds)
