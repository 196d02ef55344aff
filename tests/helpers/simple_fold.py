"""The fold as it is defined, one event at a time: clear, and quadratic in a night's epochs."""

from dataclasses import replace

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
from core.runs.state import Phase, RunState


def step(state: RunState, event: Event) -> RunState:
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
