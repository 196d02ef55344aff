"""Runs for the page's tests: logs written by hand, without torch and without training."""

from pathlib import Path

import numpy as np

from core import settings
from core.config import RunConfig
from core.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    Scores,
    StageEvaluated,
    StageStarted,
    WeightsUsed,
)
from core.schedule import hypnogram
from core.store import RunLog

RUN = "20260102-030405-0a1b2c"


def scores(*errors: float) -> Scores:
    """One dataset's scores with these reconstruction errors, one a seed."""
    zeros = tuple(0.0 for _ in errors)
    each = np.zeros((len(errors), 3), dtype=np.float32)
    return Scores(3, errors, zeros, zeros, each, each)


def night(
    old: list[float], new: list[float], config: RunConfig | None = None, *, whole: bool = True
) -> list[Event]:
    """A night's events whose errors after each cycle are these, index 0 before the night.

    It ends with `NightDone` if it is ``whole``, else in the middle of the cycle after the last.
    """
    config = config or RunConfig(num_cycles=2, total_eps=4)
    cycles = hypnogram(config)
    events: list[Event] = [
        NightStarted(
            config.to_dict(),
            tuple((cycle.rem_fraction, cycle.nrem_epochs, cycle.rem_epochs) for cycle in cycles),
            "MNIST",
            "inverted MNIST",
            WeightsUsed("cached", "vae.safetensors", "0" * 64),
            "cpu",
            1,
            {},
        ),
        StageEvaluated(0, "before", scores(old[0]), scores(new[0])),
    ]
    for number, (old_error, new_error) in enumerate(zip(old[1:], new[1:], strict=True), start=1):
        for stage, epochs in cycles[number - 1].stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            events += [
                EpochDone(number, stage.value, epoch + 1, (1.0,), (1.0,), (0.0,))
                for epoch in range(epochs)
            ]
            measured = StageEvaluated(number, stage.value, scores(old_error), scores(new_error))
            events.append(measured)
        events.append(CycleDone(number))
    if whole:
        events.append(NightDone(12.3))
    elif len(old) <= len(cycles):
        events.append(StageStarted(len(old), "NREM", 1, config.num))
    return events


def write(events: list[Event], run_id: str = RUN) -> Path:
    """Write ``events`` as the log of run ``run_id``; the folder."""
    folder = settings.outputs_dir() / "runs" / run_id
    with RunLog(folder) as log:
        for event in events:
            log.append(event)
    return folder
