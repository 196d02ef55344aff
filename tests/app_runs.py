"""The page for its tests, and runs written by hand: without torch, an engine or training."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.dials import DREAMERS, LATENT_DIMS, MAX_CYCLES, MAX_EPOCHS, MAX_IMAGES, SEEDS
from core import jobs, settings
from core.config import RunConfig
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.engine import queue
from core.engine.places import engine_lock
from core.engine.state import EngineState, publish
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
from core.replay import RunState, fold
from core.schedule import hypnogram
from core.store import RunLog
from core.store.folder import RunFolder, RunRecord, runs_dir
from core.store.locks import acquire
from tests.kept_runs import cues, dreams, recalled

RUN = "20260102-030405-0a1b2c"
OTHER = "20260102-030405-ffffff"
STATUSES = ("queued", "running", "done", "stopped", "failed", "interrupted")

Errors = float | tuple[float, ...]  # of one seed, or of each


def scores(errors: Errors) -> Scores:
    """One dataset's scores with these reconstruction errors; recall is 10 worse, and its
    accuracy falls with the error."""
    each = errors if isinstance(errors, tuple) else (errors,)
    images = np.zeros((len(each), 3), dtype=np.float32)
    accuracies = tuple(1 - error / 784 for error in each)
    return Scores(3, each, tuple(error + 10 for error in each), accuracies, images, images)


def night(
    old: Sequence[Errors],
    new: Sequence[Errors],
    config: RunConfig | None = None,
    *,
    whole: bool = True,
    pictures: bool = False,
) -> list[Event]:
    """A night's events whose errors after each cycle are these, index 0 before the night.

    It ends with `NightDone` if it is ``whole``, else in the middle of the cycle after the last.
    """
    seeds = len(old[0]) if isinstance(old[0], tuple) else 1
    config = config or RunConfig(num_cycles=2, total_eps=4, seeds=tuple(range(seeds)))
    cycles = hypnogram(config)
    events = [_started(config), StageEvaluated(0, "before", scores(old[0]), scores(new[0]))]
    events += [cues(), recalled(0, seeds)] if pictures else []
    for number, errors in enumerate(zip(old[1:], new[1:], strict=True), start=1):
        for stage, epochs in cycles[number - 1].stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            events += [dreams(number, seeds)] if stage.value == "REM" else []
            events += [
                EpochDone(number, stage.value, epoch + 1, (100.0,) * seeds, (90.0,) * seeds, kl)
                for epoch in range(epochs)
                for kl in [(10.0,) * seeds]
            ]
            events.append(StageEvaluated(number, stage.value, *map(scores, errors)))
        events += [recalled(number, seeds)] if pictures else []
        events.append(CycleDone(number))
    if whole:
        events.append(NightDone(12.3))
    elif len(old) <= len(cycles):
        events.append(StageStarted(len(old), "NREM", 1, config.num))
    return events


def _started(config: RunConfig) -> Event:
    split = SPLITS[config.split]
    return NightStarted(
        config.to_dict(),
        tuple((cycle.rem_fraction, *(cycle.nrem_epochs, cycle.rem_epochs)) for cycle in hypnogram(config)),
        split.dataset_1,
        split.dataset_2,
        WeightsUsed("cached", "vae.safetensors", "0" * 64),
        "cpu",
        1,
        {},
    )
