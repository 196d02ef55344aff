"""The fold of a run's events into its state: the same for live runs, finished runs and replays."""

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

_OfCycle = TypeVar("_OfCycle", StageEvaluated, EpochDone, DreamsMade, ImagesRecalled)


@dataclass(frozen=True)
class RunState:
    """The progress and all results of a run so far.

    Attributes
    ----------
    phase : Phase
        What the run is doing: pre-training, measuring before the night, a stage, or nothing.
    cycle : int
        Current cycle, from 1; 0 before the night.
    progress : float
        Share of the night's epochs that are done, in [0, 1]; of the steps of pre-training during
        pre-training.
    night : NightStarted or None
        The night's settings; None until it has started.
    pretraining : PretrainingAdvanced or None
        Last progress of pre-training; None if there was no pre-training.
    stages : tuple of StageEvaluated
        The measures before the night and after each stage.
    cycles : tuple of StageEvaluated
        The measures before the night, at index 0, and after each finished cycle.
    losses : tuple of EpochDone
        The training losses of each epoch.
    dreams : tuple of DreamsMade
        The dreams of each REM stage.
    cues : CuesShown or None
        The test images whose recall is shown; None in logs of earlier versions.
    recalled : tuple of ImagesRecalled
        The recall of ``cues`` before the night and after each cycle.
    seconds : float or None
        Duration of the night; None until it is done.
    outcome : Outcome or None
        How the run ended; None if it has not ended or was resumed.
    problem : str or None
        The error message of a failed run.
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
    def finished_cycles(self) -> int:
        """The number of finished cycles, which are kept if the night is interrupted."""
        return max(len(self.cycles) - 1, 0)

    @property
    def epochs(self) -> int:
        """The number of epochs of the night, over all cycles; 0 before it has started."""
        return self.night.epochs if self.night else 0


def fold(state: RunState, events: Iterable[Event]) -> RunState:
    """Return the state after ``events``, which follow the events that led to ``state``.

    The run time is linear in the number of events, plus one copy of the state's tuples.
    """
    mutable = None
    for event in events:
        mutable = mutable or _MutableState(state)
        mutable.add(event)
    return mutable.frozen() if mutable else state


class _MutableState:
    """A state that events change: it has lists in place of tuples."""

    def __init__(self, state: RunState) -> None:
        self._reset(state)

    def _reset(self, state: RunState) -> None:
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
                self._reset(RunState(phase="pre-training", pretraining=event, progress=done))
            case NightStarted():  # occurs again if the night had no checkpoint to continue from
                pretraining = self._state.pretraining
                self._reset(RunState(phase="before", night=event, pretraining=pretraining))
            case NightResumed():
                self._discard_after(event.cycle)
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

    def _discard_after(self, cycle: int) -> None:
        """Discard the events after ``cycle``, in time linear in their number."""
        _drop_after(cycle, self._stages)
        _drop_after(cycle, self._losses)
        _drop_after(cycle, self._dreams)
        _drop_after(cycle, self._recalled)
        del self._cycles[cycle + 1 :]
        self._progress = _share(len(self._losses), self._epochs)
        phase = _phase(self._stages[-1].stage) if self._stages else "before"
        self._change(phase=phase, cycle=cycle, outcome=None, problem=None)

    def frozen(self) -> RunState:
        """Return the state as an immutable value."""
        return replace(
            self._state,
            progress=self._progress,
            stages=tuple(self._stages),
            cycles=tuple(self._cycles),
            losses=tuple(self._losses),
            dreams=tuple(self._dreams),
            recalled=tuple(self._recalled),
        )


def _drop_after(cycle: int, events: list[_OfCycle]) -> None:
    while events and events[-1].cycle > cycle:
        events.pop()


def _share(done: int, epochs: int) -> float:
    return done / epochs if epochs else 0.0


def _phase(stage: str) -> Phase:
    phases: dict[str, Phase] = {"before": "before", "NREM": "NREM"}
    return phases.get(stage, "REM")
