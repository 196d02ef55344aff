"""Runs written by hand for the tests of the page: without torch, an engine or training."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import strategies as st

from app import visitor
from app.settings import LATENT_DIMS, MAX_CYCLES, MAX_EPOCHS, MAX_IMAGES, SEEDS, SETTINGS
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.queue import entries
from core.queue.engine_state import EngineState, publish
from core.queue.paths import engine_folder, engine_lock_file
from core.runs.events import (
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
from core.runs.folder import RunFolder, RunRecord, find_run, runs_dir
from core.runs.log import RunLog
from core.runs.state import RunState, fold
from core.schedule.config import DREAMERS, RunConfig
from core.schedule.hypnogram import hypnogram
from core.support.locks import acquire
from tools.sample_runs import cues, dreams, recalled

SECRET = "0123456789abcdef" * 2
OWNER = visitor.name_of(SECRET)

RUN = "20260102-030405-0a1b2c"
OTHER = "20260102-030405-ffffff"

Errors = float | tuple[float, ...]  # of one seed, or one value per seed


def scores(errors: Errors) -> Scores:
    """Return the scores of one dataset with these reconstruction errors.

    The recall error is 10 higher; the recall accuracy falls with the error.
    """
    per_seed = errors if isinstance(errors, tuple) else (errors,)
    per_image = np.zeros((len(per_seed), 3), dtype=np.float32)
    recall_errors = tuple(error + 10 for error in per_seed)
    accuracies = tuple(1 - error / 784 for error in per_seed)
    return Scores(3, per_seed, recall_errors, accuracies, per_image, per_image)


def night(
    old: Sequence[Errors],
    new: Sequence[Errors],
    config: RunConfig | None = None,
    *,
    whole: bool = True,
    pictures: bool = False,
) -> list[Event]:
    """Return the events of a night with given reconstruction errors.

    Parameters
    ----------
    old, new : sequence of float or tuple of float
        Errors of old and new memories after each cycle; index 0 is before the night.
    config : RunConfig, optional
        By default two cycles of two epochs.
    whole : bool, default True
        Whether the night ends with `NightDone`; else it ends in the middle of the next cycle.
    pictures : bool, default False
        Whether cues and recalled images are among the events.

    Returns
    -------
    list of Event
        The events in the order of a real night.
    """
    seeds = len(old[0]) if isinstance(old[0], tuple) else 1
    config = config or RunConfig(num_cycles=2, total_eps=4, seeds=tuple(range(seeds)))
    cycles = hypnogram(config)
    events: list[Event] = [
        night_started(config),
        *([cues()] if pictures else []),
        StageEvaluated(0, "before", scores(old[0]), scores(new[0])),
        *([recalled(0, seeds)] if pictures else []),
    ]
    for number, errors in enumerate(zip(old[1:], new[1:], strict=True), start=1):
        for stage, epochs in cycles[number - 1].stages:
            events.append(StageStarted(number, stage.value, epochs, epochs * config.num))
            events += [dreams(number, seeds, config.num)] if stage.value == "REM" else []
            for epoch in range(1, epochs + 1):
                losses = [(loss,) * seeds for loss in (100.0, 90.0, 10.0)]
                events.append(EpochDone(number, stage.value, epoch, *losses))
            events.append(StageEvaluated(number, stage.value, *map(scores, errors)))
        events += [recalled(number, seeds)] if pictures else []
        events.append(CycleDone(number))
    if whole:
        events.append(NightDone(12.3))
    elif len(old) <= len(cycles):
        stage, epochs = cycles[len(old) - 1].stages[0]
        events.append(StageStarted(len(old), stage.value, epochs, epochs * config.num))
    return events


def night_started(config: RunConfig) -> NightStarted:
    """Return the first event of a night of ``config``."""
    return NightStarted(
        config.to_dict(),
        hypnogram(config),
        SPLITS[config.split].dataset_1,
        SPLITS[config.split].dataset_2,
        WeightsUsed("cached", "vae.safetensors", "0" * 64),
        "cpu",
        1,
        {},
    )


def state(*errors: Any, **options: Any) -> RunState:
    """Return the state after the events of `night`, which takes the same arguments."""
    return fold(RunState(), night(*errors, **options))


def write(events: list[Event], config: RunConfig | None = None, *, run_id: str = RUN) -> RunFolder:
    """Write a run that belongs to the visitor whose browser stores `SECRET`.

    Parameters
    ----------
    events : list of Event
        The content of its log.
    config : RunConfig, optional
        By default the config in the events.
    run_id : str, default RUN
        Its id.

    Returns
    -------
    RunFolder
        Its folder.
    """
    if config is None:
        nights = [event for event in events if isinstance(event, NightStarted)]
        config = RunConfig.from_dict(nights[0].config) if nights else RunConfig()
    folder = RunFolder(runs_dir() / run_id)
    folder.path.mkdir(parents=True)
    folder.write_record(RunRecord(run_id, "2026-01-02T03:04:05+00:00", OWNER, 1, config, {}))
    with RunLog(folder.path) as log:
        for event in events:
            log.append(event)
    return folder


def write_unfinished_run() -> RunFolder:
    """Write a run that is in the middle of its second and last cycle."""
    return write(night([60, 70], [600, 300], whole=False))


def write_done_run() -> RunFolder:
    """Write a run that is done and has images."""
    return write(night([100, 150, 200], [500, 300, 180], pictures=True))


def submitted_configs() -> list[RunConfig]:
    """Return the configs of the runs in the queue, in order."""
    return [find_run(entry.run).record().config for entry in entries.read_all()]


@contextmanager
def running(folder: RunFolder) -> Iterator[None]:
    """Let the run be executed, as far as other processes can see."""
    entries.add(folder.id, "tester")
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(**published: Any) -> Iterator[None]:
    """Let an engine serve the outputs folder; ``published`` are the fields of its state."""
    engine_folder().mkdir(parents=True, exist_ok=True)
    lock = acquire(engine_lock_file())
    assert lock is not None
    with lock:
        publish(EngineState(**published))
        yield


def setting_values() -> st.SearchStrategy[dict[str, int | float | str]]:
    """Generate values of all settings that are valid, alone and together."""
    percentage = st.integers(0, 200).map(lambda halves: halves / 2)
    choices: dict[str, st.SearchStrategy[Any]] = {
        "data": st.sampled_from(list(SOURCES)),
        "split": st.sampled_from(list(SPLITS)),
        "total_eps": st.integers(1, MAX_EPOCHS),
        "num_cycles": st.integers(1, MAX_CYCLES),
        "rem_start": percentage,
        "rem_end": percentage,
        "num": st.integers(1, MAX_IMAGES),
        "seeds": st.sampled_from(SEEDS),
        "dreamer": st.sampled_from(list(DREAMERS)),
        "latent_dim": st.sampled_from(LATENT_DIMS),
        "lr": st.integers(1, 10_000).map(lambda steps: steps / 100_000),
        "mask": st.sampled_from(list(MASKS)),
        "mask_fraction": percentage,
    }
    assert list(choices) == list(SETTINGS)
    values = st.fixed_dictionaries(choices)
    return values.filter(lambda values: values["num_cycles"] <= values["total_eps"])
