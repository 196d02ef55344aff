"""Checks that a log's events are those of its run: the grammar of `core.training.night`.

    PretrainingAdvanced*  NightStarted  CuesShown?  StageEvaluated(0)  ImagesRecalled(0)?
    then for each cycle, for each stage with epochs:
        StageStarted  DreamsMade (in REM)  EpochDone, one for each epoch  StageEvaluated
    and at the cycle's end:
        ImagesRecalled?  CycleDone
    at last:
        NightDone

A night can end early anywhere, with `NightStopped`, with `NightFailed` or without an event. The
next attempt begins with `NightResumed` after a finished cycle, or with the first line above.
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
from core.runs.limits import UNKNOWN, Limits, limits_of
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Cycle, Stage
from core.support.errors import ConfigError

Night = tuple[Cycle, ...]
WithinNight = (
    CuesShown | StageStarted | EpochDone | StageEvaluated | DreamsMade | ImagesRecalled | CycleDone
) | NightDone


class Step(NamedTuple):
    """The position of an event in its night."""

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
class Place:
    """The position of a log in its run.

    ``config`` is the run's, None until it is known. ``night`` is the schedule, None until a night
    has started. ``last`` is the event that the next one follows, None where a new attempt must
    begin. ``measured`` is True once there is a measure before the night; ``finished`` counts
    cycles.
    """

    config: RunConfig | None = None
    limits: Limits = UNKNOWN
    night: Night | None = None
    last: Step | None = None
    measured: bool = False
    finished: int = 0

    @classmethod
    def start(cls, config: RunConfig | None) -> "Place":
        """The place before the first event of a run of ``config``; None if that is not known."""
        return cls(config, UNKNOWN if config is None else limits_of(config))

    def after(self, event: Event) -> "Place":
        """The place after ``event``; raises ValueError if the event cannot follow."""
        match event:
            case NightStopped() | NightFailed():
                return replace(self, last=None)
            case PretrainingAdvanced():
                self._check_not_done(event)
                values.check_pretraining(event)
                return Place(self.config, self.limits)
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

    def _started(self, event: NightStarted) -> "Place":
        try:
            config = RunConfig.from_dict(dict(event.config))
        except (ConfigError, TypeError) as error:
            raise ValueError(f"the night's settings are invalid: {error}") from None
        if config.to_dict() | event.config != config.to_dict():
            raise ValueError("the night's settings are not written as the program writes them")
        if self.config is not None and _comparable(config) != _comparable(self.config):
            raise ValueError("the night's settings differ from those of the run")
        values.check_night(event, config)
        night = event.cycles
        return Place(config, limits_of(config), night, Step(NightStarted))

    def _resumed(self, event: NightResumed) -> "Place":
        if self.night is None or not self.measured:
            raise ValueError("NightResumed was found before any night had been measured")
        if not 0 <= event.cycle <= self.finished:
            raise ValueError(
                f"NightResumed continues after cycle {event.cycle}, but {self.finished} were "
                "finished"
            )
        values.check_versions(event.versions)
        return replace(self, last=Step(NightResumed, event.cycle), finished=event.cycle)

    def _within(self, event: WithinNight) -> "Place":
        step = _step(event)
        expected = self._next()
        if step not in expected:
            should = " or ".join(map(str, expected)) or "NightStarted or NightResumed"
            raise ValueError(f"{step} was found where {should} was expected")
        assert self.config is not None  # else nothing is expected
        assert self.night is not None
        match event:
            case StageStarted():
                values.check_stage(
                    event, _epochs(self.night, event.cycle, event.stage), self.config
                )
            case EpochDone():
                values.check_epoch(event, len(self.config.seeds))
            case StageEvaluated():
                values.check_measures(event, self.config)
                return replace(self, last=step, measured=True)
            case DreamsMade():
                values.check_dreams(event, len(self.config.seeds))
            case CycleDone():
                return replace(self, last=step, finished=event.cycle)
            case NightDone():
                values.check_seconds(event.seconds)
        return replace(self, last=step)

    def _next(self) -> tuple[Step, ...]:
        """The steps of the night that may follow; () where no night is in progress."""
        if self.last is None or self.night is None:
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
            if epoch < _epochs(self.night, cycle, stage):
                return (Step(EpochDone, cycle, stage, epoch + 1),)
            return (Step(StageEvaluated, cycle, stage),)
        if kind is NightDone:
            return ()
        if kind is StageEvaluated and cycle:
            if stage == Stage.NREM and self.night[cycle - 1].rem_epochs:
                return (Step(StageStarted, cycle, "REM"),)
            return Step(ImagesRecalled, cycle), Step(CycleDone, cycle)
        if kind is ImagesRecalled and cycle:
            return (Step(CycleDone, cycle),)
        begins = self._beginning(cycle + 1)
        return (Step(ImagesRecalled, 0), begins) if kind is StageEvaluated else (begins,)

    def _beginning(self, cycle: int) -> Step:
        """The first step of ``cycle``, or the end of the night after the last cycle."""
        assert self.night is not None
        if cycle > len(self.night):
            return Step(NightDone)
        stage, _ = self.night[cycle - 1].stages[0]
        return Step(StageStarted, cycle, stage.value)


def _step(event: WithinNight) -> Step:
    match event:
        case EpochDone():
            return Step(EpochDone, event.cycle, event.stage, event.epoch)
        case StageStarted() | StageEvaluated():
            return Step(type(event), event.cycle, event.stage)
        case DreamsMade() | ImagesRecalled() | CycleDone():
            return Step(type(event), event.cycle)
        case _:
            return Step(type(event))


def _epochs(night: Night, cycle: int, stage: str) -> int:
    number = night[cycle - 1]
    return number.nrem_epochs if stage == Stage.NREM else number.rem_epochs


def _comparable(config: RunConfig) -> RunConfig:
    """``config`` without the settings that may differ between a run's record and its log."""
    return replace(config, device="auto", weights=None)
