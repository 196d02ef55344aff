"""Runs as they lie on disk, for tests that need neither torch nor training."""

import dataclasses
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.queue.paths import failure_file
from core.runs.arrays import StoredArray
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
    Scores,
    StageEvaluated,
    StageStarted,
    WeightsUsed,
)
from core.runs.folder import RunFolder, RunRecord, find_run, runs_dir
from core.runs.log import LOG, LogReader, RunLog
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.support import environment
from core.support.files import make_folders, write_text

RECORDED = sorted((environment.PROJECT / "tests" / "assets" / "runs").glob("schema-*/*-*-*"))
RUN = "20260102-030405-0a1b2c"
OTHER = "20260102-030406-ffffff"

_VERSIONS = {"python": "3.11", "torch": "2.13"}


def scores(seed: int, seeds: int = 2) -> Scores:
    """Some scores over three images, different for each ``seed``."""
    rng = np.random.default_rng(seed)
    per_seed = [tuple(rng.random(seeds).tolist()) for _ in range(3)]
    per_image = [rng.random((seeds, 3), dtype=np.float32) for _ in range(2)]
    return Scores(3, *per_seed, *per_image)


def night_started(config: RunConfig) -> NightStarted:
    """The beginning of a night of ``config``."""
    cycles = hypnogram(config)
    used = WeightsUsed("cached", "vae-inverted-5.safetensors", "00ff")
    names = ("MNIST", "inverted MNIST → “dark on light”")
    return NightStarted(config.to_dict(), cycles, *names, used, "cpu", 1, _VERSIONS)


def dreams(cycle: int, seeds: int = 2, num: int = 2) -> DreamsMade:
    """Some dreams of a cycle."""
    images = np.random.default_rng(cycle).integers(0, 256, (seeds, num, 28, 28), dtype=np.uint8)
    shares = ((0.5,) * seeds, (0.25,) * seeds, (0.25,) * seeds)
    return DreamsMade(cycle, *shares, (7,) * seeds, (2,) * seeds, images)


def cues() -> CuesShown:
    """Some cues, two of each dataset."""
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 28, 28), dtype=np.uint8)
    return CuesShown(*images)


def recalled(cycle: int, seeds: int = 2) -> ImagesRecalled:
    """What is made of the cues after a cycle."""
    images = np.random.default_rng(cycle).integers(0, 256, (2, seeds, 2, 28, 28), dtype=np.uint8)
    return ImagesRecalled(cycle, *images)


def made_night(config: RunConfig, pretraining: int = 0) -> list[Event]:
    """The events of an undisturbed night of ``config``, in the order of `core.training.night`."""
    count = len(config.seeds)
    events: list[Event] = [
        PretrainingAdvanced(step, pretraining, 1, 1, 200.0 / step)
        for step in range(1, pretraining + 1)
    ]
    events.append(night_started(config))
    events.append(cues())
    events.append(StageEvaluated(0, "before", scores(0, count), scores(1, count)))
    events.append(recalled(0, count))
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            if stage.value == "REM":
                events.append(dreams(number, count, config.num))
            for epoch in range(epochs):
                losses = tuple(float(100 * number + epoch + seed) for seed in range(count))
                events.append(EpochDone(number, stage.value, epoch + 1, losses, losses, losses))
            both = (scores(2 * len(events) + part, count) for part in (0, 1))
            events.append(StageEvaluated(number, stage.value, *both))
        events.append(recalled(number, count))
        events.append(CycleDone(number))
    events.append(NightDone(12.5))
    return events


def configs() -> st.SearchStrategy[RunConfig]:
    """Small nights of every shape: with stages missing, with epochs lost, over several seeds."""
    share = st.sampled_from([0.0, 0.3, 0.5, 1.0])

    def make(cycles: int, more: int, first: float, last: float, seeds: int, rounding: str) -> Any:
        return RunConfig(
            seeds=tuple(range(seeds)),
            total_eps=cycles + more,
            num_cycles=cycles,
            start_fraction_rem=first,
            end_fraction_rem=last,
            rounding=rounding,
            num=2,
        )

    counts = (st.integers(1, 4), st.integers(0, 5))
    rounding = st.sampled_from(["exact", "original"])
    return st.builds(make, *counts, share, share, st.integers(1, 2), rounding)


_REM_ALONE = RunConfig(
    seeds=(0, 1), total_eps=1, num_cycles=1, start_fraction_rem=1.0, end_fraction_rem=1.0, num=2
)

# A run with events of every kind, with texts and numbers that are awkward to write.
EVENTS: list[Event] = [
    PretrainingAdvanced(25, 3125, 1, 25, 189.5),
    night_started(_REM_ALONE),
    cues(),
    StageEvaluated(
        0,
        "before",
        dataclasses.replace(scores(0), error=(51.25, 60.0), recall_error=(0.1 + 0.2, 1e-17)),
        scores(1),
    ),
    StageStarted(1, "REM", 1, 2),
    dreams(1),
    EpochDone(1, "REM", 1, (200.0, 1 / 3), (190.0, 0.25), (10.0, 1 / 12)),
    StageEvaluated(1, "REM", scores(2), scores(3)),
    recalled(1),
    CycleDone(1),
    NightStopped(),
    NightResumed(1, _VERSIONS),
    NightFailed("the sentence “why”, with a\nline of its own."),
    NightResumed(1, _VERSIONS),
    NightDone(12.5),
]


def opened(folder: Path) -> RunLog:
    """The log in ``folder``, which may hold any events in any order."""
    return RunLog(folder, LogReader(folder))


def write(folder: Path, events: Iterable[Event] = EVENTS) -> Path:
    """Append ``events`` to the log in ``folder``; the log's file."""
    folder.mkdir(parents=True, exist_ok=True)
    with opened(folder) as log:
        for event in events:
            log.append(event)
    return folder / LOG


def loaded(value: Any) -> Any:
    """An event that was read back, with its arrays in it."""
    if isinstance(value, StoredArray):
        return value.load()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: loaded(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value)(**parts)
    return value


def numbers(value: Any) -> Iterator[float]:
    """Every float in an event, however deep."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)
    elif dataclasses.is_dataclass(value):
        yield from numbers(vars(value))


def assert_sentence(error: Exception, start: str) -> None:
    """The error's message is a sentence that begins with ``start``, the place it is about."""
    assert str(error).startswith(start)
    assert str(error).endswith(".")


def put_run(run_id: str = RUN, events: Iterable[Event] = (), person: str = "somebody") -> RunFolder:
    """A run in the outputs folder that holds ``events``; no log where there are none.

    Its config is that of their night, if there is one.
    """
    events = list(events)
    nights = [event for event in events if isinstance(event, NightStarted)]
    config = RunConfig(num_cycles=2, total_eps=4, num=2)
    config = RunConfig.from_dict(nights[0].config) if nights else config
    folder = RunFolder(runs_dir() / run_id)
    folder.path.mkdir(parents=True)
    when = "2026-01-02T03:04:05+00:00"
    folder.write_record(RunRecord(run_id, when, person, 1, config, _VERSIONS))
    if events:
        write(folder.path, events)
    return folder


def put_failure(run_id: str, sentence: str) -> None:
    """A failure of a run whose own folder could not take the sentence."""
    make_folders(failure_file(run_id).parent)
    write_text(failure_file(run_id), sentence)


def put_recorded(recorded: Path = RECORDED[-1]) -> RunFolder:
    """A copy of a recorded night in the outputs folder, under its own name."""
    shutil.copytree(recorded, runs_dir() / recorded.name)
    return find_run(recorded.name)
