"""Check the order and the values of a run's events: the grammar of `core.training.night`.

    PretrainingAdvanced*  NightStarted  CuesShown?  StageEvaluated(0)  ImagesRecalled(0)?
    then for each cycle, for each stage with epochs:
        StageStarted  DreamsMade (in REM)  EpochDone, one for each epoch  StageEvaluated
    and at the cycle's end:
        ImagesRecalled?  CycleDone
    at last:
        NightDone

A night can end early anywhere, with `NightStopped`, with `NightFailed` or without an event. The
next attempt starts with `NightResumed` after a finished cycle, or with the first line above.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from core.runs import values
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
from core.runs.limits import UNKNOWN_CONFIG, Limits, limits_of
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Cycle, Stage
from core.support.errors import ConfigError

_WithinNight = (
    CuesShown | StageStarted | EpochDone | StageEvaluated | DreamsMade | ImagesRecalled | CycleDone
) | NightDone


class Step(NamedTuple):
    """The position of an event in its night.

    Attributes
    ----------
    kind : type
        Class of the event.
    cycle : int, default 0
        Number of its cycle; 0 if the event belongs to no cycle or precedes the night.
    stage : str, default ""
        Its stage; "" if the event does not have one.
    epoch : int, default 0
        Its epoch; 0 if the event does not have one.
    """

    kind: type
    cycle: int = 0
    stage: str = ""
    epoch: int = 0

    def __str__(self) -> str:
        words = [f"cycle {self.cycle}"] if self.cycle else []
        words += [self.stage] if self.stage else []
        words += [f"epoch {self.epoch}"] if self.epoch else []
        name = self.kind.__name__
        return f"{name} ({', '.join(words)})" if words else name


@dataclass(frozen=True)
class LogPosition:
    """The position in a run's log, which determines the events that may follow.

    Attributes
    ----------
    config : RunConfig or None
        The run's config, None until it is known.
    limits : Limits
        The run's limits.
    cycles : tuple of Cycle or None
        The schedule, None until a night has started.
    last : Step or None
        The event that the next one follows, None if a new attempt must start.
    measured : bool
        Whether the models were measured before the night.
    finished_cycles : int
        Number of finished cycles.
    """

    config: RunConfig | None = None
    limits: Limits = UNKNOWN_CONFIG
    cycles: tuple[Cycle, ...] | None = None
    last: Step | None = None
    measured: bool = False
    finished_cycles: int = 0

    @classmethod
    def start(cls, config: RunConfig | None) -> "LogPosition":
        """Return the position before the first event; ``config`` is None if it is not known."""
        return cls(config, UNKNOWN_CONFIG if config is None else limits_of(config))

    def after(self, event: Event) -> "LogPosition":
        """Return the position after ``event``; raise ValueError if it cannot follow."""
        match event:
            case NightStopped() | NightFailed():
                return replace(self, last=None)
            case PretrainingAdvanced():
                self._check_not_done(event)
                values.check_pretraining(event)
                return LogPosition(self.config, self.limits)
            case NightStarted():
                self._check_not_done(event)
                return self._started(event)
            case NightResumed():
                self._check_not_done(event)
                return self._resumed(event)
            case _:
                return self._within(event)

    def _check_not_done(self, event: Event) -> None:
        if self.last is not None and self.last.kind is NightDone:
            raise ValueError(f"{type(event).__name__} was found after the night was done")

    def _started(self, event: NightStarted) -> "LogPosition":
        try:
            config = RunConfig.from_dict(dict(event.config))
        except (ConfigError, TypeError) as error:
            raise ValueError(f"the night's settings are invalid: {error}") from None
        if config.to_dict() | event.config != config.to_dict():
            raise ValueError("the night's settings are not written as the program writes them")
        if self.config is not None and _comparable(config) != _comparable(self.config):
            raise ValueError("the night's settings differ from those of the run")
        values.check_night(event, config)
        return LogPosition(config, limits_of(config), event.cycles, Step(NightStarted))

    def _resumed(self, event: NightResumed) -> "LogPosition":
        if self.cycles is None or not self.measured:
            raise ValueError("NightResumed was found before the first measurement of a night")
        if not 0 <= event.cycle <= self.finished_cycles:
            raise ValueError(
                f"NightResumed continues after cycle {event.cycle}, but {self.finished_cycles} "
                "were finished"
            )
        values.check_versions(event.versions)
        return replace(self, last=Step(NightResumed, event.cycle), finished_cycles=event.cycle)

    def _within(self, event: _WithinNight) -> "LogPosition":
        step = _step(event)
        expected = self._next_steps()
        if step not in expected:
            names = " or ".join(map(str, expected)) or "NightStarted or NightResumed"
            raise ValueError(f"{step} was found where {names} was expected")
        assert self.config is not None  # otherwise no step is expected
        assert self.cycles is not None
        match event:
            case StageStarted():
                epochs = _epochs(self.cycles, event.cycle, event.stage)
                values.check_stage(event, epochs, self.config)
            case EpochDone():
                values.check_epoch(event, len(self.config.seeds))
            case StageEvaluated():
                values.check_measures(event, self.config)
                return replace(self, last=step, measured=True)
            case DreamsMade():
                values.check_dreams(event, len(self.config.seeds))
            case CycleDone():
                return replace(self, last=step, finished_cycles=event.cycle)
            case NightDone():
                values.check_seconds(event.seconds)
        return replace(self, last=step)

    def _next_steps(self) -> tuple[Step, ...]:
        """Return the steps of the night that may follow; () if no night is in progress."""
        if self.last is None or self.cycles is None:
            return ()
        kind, cycle, stage, epoch = self.last
        if kind is NightStarted:
            return Step(CuesShown), Step(StageEvaluated, 0, "before")
        if kind is CuesShown:
            return (Step(StageEvaluated, 0, "before"),)
        if kind is StageStarted and stage == Stage.REM:
            return (Step(DreamsMade, cycle),)
        if kind is DreamsMade:
            return (Step(EpochDone, cycle, "REM", 1),)
        if kind is StageStarted or kind is EpochDone:
            if epoch < _epochs(self.cycles, cycle, stage):
                return (Step(EpochDone, cycle, stage, epoch + 1),)
            return (Step(StageEvaluated, cycle, stage),)
        if kind is NightDone:
            return ()
        if kind is StageEvaluated and cycle:
            if stage == Stage.NREM and self.cycles[cycle - 1].rem_epochs:
                return (Step(StageStarted, cycle, "REM"),)
            return Step(ImagesRecalled, cycle), Step(CycleDone, cycle)
        if kind is ImagesRecalled and cycle:
            return (Step(CycleDone, cycle),)
        first = self._first_step(cycle + 1)
        return (Step(ImagesRecalled, 0), first) if kind is StageEvaluated else (first,)

    def _first_step(self, cycle: int) -> Step:
        """Return the first step of ``cycle``, or the end of the night after the last cycle."""
        assert self.cycles is not None
        if cycle > len(self.cycles):
            return Step(NightDone)
        stage, _ = self.cycles[cycle - 1].stages[0]
        return Step(StageStarted, cycle, stage.value)


def _step(event: _WithinNight) -> Step:
    match event:
        case EpochDone():
            return Step(EpochDone, event.cycle, event.stage, event.epoch)
        case StageStarted() | StageEvaluated():
            return Step(type(event), event.cycle, event.stage)
        case DreamsMade() | ImagesRecalled() | CycleDone():
            return Step(type(event), event.cycle)
        case _:
            return Step(type(event))


def _epochs(cycles: tuple[Cycle, ...], cycle: int, stage: str) -> int:
    scheduled = cycles[cycle - 1]
    return scheduled.nrem_epochs if stage == Stage.NREM else scheduled.rem_epochs


def _comparable(config: RunConfig) -> RunConfig:
    """Reset the settings that may differ between a run's record and its log."""
    return replace(config, device="auto", weights=None)
