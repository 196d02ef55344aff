"""The fold, from a run's events to its state: the same for a live run, a finished one, a replay."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

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

Phase = Literal["starting", "pre-training", "before", "NREM", "REM", "done"]
Outcome = Literal["done", "stopped", "failed"]

OfCycle = TypeVar("OfCycle", StageEvaluated, EpochDone, DreamsMade, ImagesRecalled)


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
        return self.night.epochs if self.night else 0


def fold(state: RunState, events: Iterable[Event]) -> RunState:
    """The state after ``events``, which follow those that led to ``state``.

    Takes time in proportion to the events, plus one copy of what the state holds already.
    """
    draft = None
    for event in events:
        draft = draft or _Draft(state)
        draft.add(event)
    return draft.frozen() if draft else state


class _Draft:
    """A state that changes by events: lists in place of its tuples, until `frozen`."""

    def __init__(self, state: RunState) -> None:
        self._become(state)

    def _become(self, state: RunState) -> None:
        self._state = state
        self._progress = state.progress
        self._epochs = state.epochs
        self._stages = list(state.stages)
        self._cycles = list(state.cycles)
        self._losses = list(state.losses)
        self._dreams = list(state.dreams)
        self._recalled = list(state.recalled)

    def _change(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)

    def add(self, event: Event) -> None:
        match event:
            case PretrainingAdvanced():
                done = event.step / event.steps if event.steps else 0.0
                self._become(RunState(phase="pre-training", pretraining=event, progress=done))
            case NightStarted():  # again if there was no checkpoint yet to continue from
                pretraining = self._state.pretraining
                self._become(RunState(phase="before", night=event, pretraining=pretraining))
            case NightResumed():
                self._go_back(event.cycle)
            case StageStarted():
                self._change(phase=_phase(event.stage), cycle=event.cycle)
            case EpochDone():
                self._losses.append(event)
                self._progress = _share(len(self._losses), self._epochs)
            case StageEvaluated():
                self._stages.append(event)
                if not event.cycle:
                    self._cycles = [event]
            case DreamsMade():
                self._dreams.append(event)
            case CuesShown():
                self._change(cues=event)
            case ImagesRecalled():
                self._recalled.append(event)
            case CycleDone():
                self._cycles.extend(self._stages[-1:])
            case NightDone():
                self._progress = 1.0
                self._change(phase="done", seconds=event.seconds, outcome="done")
            case NightStopped():
                self._change(outcome="stopped", problem=None)
            case NightFailed():
                self._change(outcome="failed", problem=event.sentence)

    def _go_back(self, cycle: int) -> None:
        """Drop what came after ``cycle``: each event once, however often a night is resumed."""
        _drop_after(cycle, self._stages)
        _drop_after(cycle, self._losses)
        _drop_after(cycle, self._dreams)
        _drop_after(cycle, self._recalled)
        del self._cycles[cycle + 1 :]
        self._progress = _share(len(self._losses), self._epochs)
        phase = _phase(self._stages[-1].stage) if self._stages else "before"
        self._change(phase=phase, cycle=cycle, outcome=None, problem=None)

    def frozen(self) -> RunState:
        """The state as a value."""
        return replace(
            self._state,
            progress=self._progress,
            stages=tuple(self._stages),
            cycles=tuple(self._cycles),
            losses=tuple(self._losses),
            dreams=tuple(self._dreams),
            recalled=tuple(self._recalled),
        )


def _drop_after(cycle: int, events: list[OfCycle]) -> None:
    while events and events[-1].cycle > cycle:
        events.pop()


def _share(done: int, epochs: int) -> float:
    return done / epochs if epochs else 0.0


def _phase(stage: str) -> Phase:
    phases: dict[str, Phase] = {"before": "before", "NREM": "NREM"}
    return phases.get(stage, "REM")
