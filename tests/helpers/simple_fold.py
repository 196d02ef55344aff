"""The definition of the fold, one event at a time: simple, but quadratic in the epochs."""

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


def simple_step(state: RunState, event: Event) -> RunState:
    """Return the state after one event."""
    match event:
        case PretrainingAdvanced():
            done = event.step / event.steps if event.steps else 0.0
            return RunState(phase="pre-training", pretraining=event, progress=done)
        case NightStarted():  # occurs again if the night had no checkpoint to continue from
            return RunState(phase="before", night=event, pretraining=state.pretraining)
        case NightResumed():
            return _resumed_after(state, event.cycle)
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


def _resumed_after(state: RunState, cycle: int) -> RunState:
    """Return the state at the end of ``cycle``."""
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
        dreams=tuple(event for event in state.dreams if event.cycle <= cycle),
        recalled=tuple(event for event in state.recalled if event.cycle <= cycle),
        outcome=None,
        problem=None,
    )


def _share(state: RunState, losses: tuple[EpochDone, ...]) -> float:
    return len(losses) / state.epochs if state.epochs else 0.0


def _phase(stage: str) -> Phase:
    phases: dict[str, Phase] = {"before": "before", "NREM": "NREM"}
    return phases.get(stage, "REM")
