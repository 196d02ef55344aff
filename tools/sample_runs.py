"""Sample events and run folders, for tests that need neither torch nor training."""

import dataclasses
import shutil
from collections.abc import Iterable
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
from core.support.files import create_folders, write_text

RECORDED_RUNS = sorted((environment.PROJECT / "tests" / "assets" / "runs").glob("schema-*/*-*-*"))
RUN = "20260102-030405-0a1b2c"
OTHER_RUN = "20260102-030406-ffffff"

_VERSIONS = {"python": "3.11", "torch": "2.13"}


def scores(seed: int, seeds: int = 2) -> Scores:
    """Return random scores over three test images; ``seed`` seeds the generator."""
    rng = np.random.default_rng(seed)
    per_seed = [tuple(rng.random(seeds).tolist()) for _ in range(3)]
    per_image = [rng.random((seeds, 3), dtype=np.float32) for _ in range(2)]
    return Scores(3, *per_seed, *per_image)


def night_started(config: RunConfig) -> NightStarted:
    """Return the first event of a night of ``config``."""
    cycles = hypnogram(config)
    weights = WeightsUsed("cached", "vae-inverted-5.safetensors", "00ff")
    names = ("MNIST", "inverted MNIST → “dark on light”")
    return NightStarted(config.to_dict(), cycles, *names, weights, "cpu", 1, _VERSIONS)


def dreams(cycle: int, seeds: int = 2, num: int = 2) -> DreamsMade:
    """Return random dreams of a cycle.

    Parameters
    ----------
    cycle : int
        Number of the cycle, which also seeds the generator.
    seeds : int, default 2
        Number of seeds.
    num : int, default 2
        Dreams per seed.

    Returns
    -------
    DreamsMade
        The event, with images [seeds, num, 28, 28].
    """
    images = np.random.default_rng(cycle).integers(0, 256, (seeds, num, 28, 28), dtype=np.uint8)
    shares = ((0.5,) * seeds, (0.25,) * seeds, (0.25,) * seeds)
    return DreamsMade(cycle, *shares, (7,) * seeds, (2,) * seeds, images)


def cues() -> CuesShown:
    """Return random cues, two images per dataset."""
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 28, 28), dtype=np.uint8)
    return CuesShown(*images)


def recalled(cycle: int, seeds: int = 2) -> ImagesRecalled:
    """Return random recalled images of `cues` after a cycle."""
    images = np.random.default_rng(cycle).integers(0, 256, (2, seeds, 2, 28, 28), dtype=np.uint8)
    return ImagesRecalled(cycle, *images)


def night_events(config: RunConfig, pretraining: int = 0) -> list[Event]:
    """Return the events of an uninterrupted night, in the order of `core.training.night`.

    ``pretraining`` is the number of pre-training events before it.
    """
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
                losses = tuple(float(100 * number + epoch + index) for index in range(count))
                events.append(EpochDone(number, stage.value, epoch + 1, losses, losses, losses))
            seed = 2 * len(events)
            both = (scores(seed, count), scores(seed + 1, count))
            events.append(StageEvaluated(number, stage.value, *both))
        events.append(recalled(number, count))
        events.append(CycleDone(number))
    events.append(NightDone(12.5))
    return events


def small_configs() -> st.SearchStrategy[RunConfig]:
    """Return a strategy for small nights: with missing stages, lost epochs and several seeds."""
    rem_fraction = st.sampled_from([0.0, 0.3, 0.5, 1.0])

    def build(
        cycles: int, extra_epochs: int, first: float, last: float, seeds: int, rounding: str
    ) -> RunConfig:
        return RunConfig(
            seeds=tuple(range(seeds)),
            total_eps=cycles + extra_epochs,
            num_cycles=cycles,
            start_fraction_rem=first,
            end_fraction_rem=last,
            rounding=rounding,
            num=2,
        )

    counts = (st.integers(1, 4), st.integers(0, 5))
    rounding = st.sampled_from(["exact", "original"])
    return st.builds(build, *counts, rem_fraction, rem_fraction, st.integers(1, 2), rounding)


_ONLY_REM = RunConfig(
    seeds=(0, 1), total_eps=1, num_cycles=1, start_fraction_rem=1.0, end_fraction_rem=1.0, num=2
)

# A run with all types of events, and with texts and numbers that are hard to write exactly.
EVENTS: list[Event] = [
    PretrainingAdvanced(25, 3125, 1, 25, 189.5),
    night_started(_ONLY_REM),
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
    NightFailed("the sentence “why”, with a\nline break."),
    NightResumed(1, _VERSIONS),
    NightDone(12.5),
]


def open_log(folder: Path) -> RunLog:
    """Open the log in ``folder``, which may hold any events in any order."""
    return RunLog(folder, LogReader(folder))


def write_events(folder: Path, events: Iterable[Event] = EVENTS) -> Path:
    """Append ``events`` to the log in ``folder`` and return the path of the log."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_log(folder) as log:
        for event in events:
            log.append(event)
    return folder / LOG


def load_arrays(value: Any) -> Any:
    """Return an event that was read from a log, with its stored arrays loaded."""
    if isinstance(value, StoredArray):
        return value.load()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = {f.name: load_arrays(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value)(**items)
    return value


def assert_sentence(error: Exception, start: str) -> None:
    """Assert that the error's message is a sentence that starts with ``start``."""
    assert str(error).startswith(start)
    assert str(error).endswith(".")


def create_run(
    run_id: str = RUN, events: Iterable[Event] = (), person: str = "somebody"
) -> RunFolder:
    """Create a run in the outputs folder.

    Parameters
    ----------
    run_id : str, default RUN
        Id of the run.
    events : iterable of Event, default ()
        Events of its log; without events there is no log. The run's config is that of their
        first `NightStarted`, if there is one.
    person : str, default "somebody"
        Owner of the run.

    Returns
    -------
    RunFolder
        The folder of the run.
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
        write_events(folder.path, events)
    return folder


def write_failure_file(run_id: str, sentence: str) -> None:
    """Write the failure of a run whose log could not be written."""
    create_folders(failure_file(run_id).parent)
    write_text(failure_file(run_id), sentence)


def copy_recorded_run(recorded: Path = RECORDED_RUNS[-1]) -> RunFolder:
    """Copy a recorded night into the outputs folder, with its name as the id of the run."""
    shutil.copytree(recorded, runs_dir() / recorded.name)
    return find_run(recorded.name)
