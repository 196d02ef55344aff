"""The fold, from a run's events to its state: the same for a live run, a finished one, a replay."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

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

T = TypeVar("T")


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
    draft = _Draft(state)
    for event in events:
        draft.add(event)
    return draft.frozen()


class _Draft:
    """A state that grows by events: lists collect what is new until `frozen` joins it once."""

    def __init__(self, state: RunState) -> None:
        self._become(state)

    def _become(self, state: RunState) -> None:
        self._state = state
        self._progress = state.progress
        self._epochs = state.epochs
        self._stages: list[StageEvaluated] = []
        self._cycles: list[StageEvaluated] = []
        self._losses: list[EpochDone] = []
        self._dreams: list[DreamsMade] = []
        self._recalled: list[ImagesRecalled] = []

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
                self._become(_back_to(self.frozen(), event.cycle))
            case StageStarted():
                self._change(phase=_phase(event.stage), cycle=event.cycle)
            case EpochDone():
                self._losses.append(event)
                count = len(self._state.losses) + len(self._losses)
                self._progress = _share(count, self._epochs)
            case StageEvaluated():
                self._stages.append(event)
                if not event.cycle:
                    self._change(cycles=())
                    self._cycles = [event]
            case DreamsMade():
                self._dreams.append(event)
            case CuesShown():
                self._change(cues=event)
            case ImagesRecalled():
                self._recalled.append(event)
            case CycleDone():
                self._cycles.extend((self._stages or self._state.stages)[-1:])
            case NightDone():
                self._progress = 1.0
                self._change(phase="done", seconds=event.seconds, outcome="done")
            case NightStopped():
                self._change(outcome="stopped", problem=None)
            case NightFailed():
                self._change(outcome="failed", problem=event.sentence)

    def frozen(self) -> RunState:
        """The state, with what is new behind what it held."""
        now = self._state
        return replace(
            now,
            progress=self._progress,
            stages=_joined(now.stages, self._stages),
            cycles=_joined(now.cycles, self._cycles),
            losses=_joined(now.losses, self._losses),
            dreams=_joined(now.dreams, self._dreams),
            recalled=_joined(now.recalled, self._recalled),
        )


def _joined(earlier: tuple[T, ...], new: list[T]) -> tuple[T, ...]:
    return (*earlier, *new) if new else earlier


def _back_to(state: RunState, cycle: int) -> RunState:
    """The state as it was when ``cycle`` was over."""
    stages = tuple(stage for stage in state.stages if stage.cycle <= cycle)
    losses = tuple(epoch for epoch in state.losses if epoch.cycle <= cycle)
    last = {stage.cycle: stage for stage in stages}  # a cycle's values are those of its last stage
    return replace(
        state,
        phase=_phase(stages[-1].stage) if stages else "before",
        cycle=cycle,
        progress=_share(len(losses), state.epochs),
        stages=stages,
        cycles=tuple(last.values()),
        losses=losses,
        dreams=tuple(made for made in state.dreams if made.cycle <= cycle),
        recalled=tuple(made for made in state.recalled if made.cycle <= cycle),
        outcome=None,
        problem=None,
    )


def _share(done: int, epochs: int) -> float:
    return done / epochs if epochs else 0.0


def _phase(stage: str) -> Phase:
    phases: dict[str, Phase] = {"before": "before", "NREM": "NREM"}
    return phases.get(stage, "REM")
