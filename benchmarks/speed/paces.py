"""The same night run by the program and by the plain loop, with the duration of each."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.baseline_loop import run_plain_loop
from core.data import DatasetPair
from core.evaluation.probe import build_probe
from core.model.digit_reader import load_digit_reader
from core.model.weights import load_vae, shipped_path
from core.runs.events import EpochDone, StageEvaluated
from core.schedule.config import RunConfig
from core.support.threads import torch_threads
from core.training.night import train

_EPOCHS_PER_CYCLE = 10


@dataclass(frozen=True)
class Pace:
    """Durations and errors of one night.

    Attributes
    ----------
    training_s : float
        Seconds of training.
    measuring_s : float
        Seconds of measuring after each stage.
    errors : ndarray
        Mean reconstruction errors, [seed, stage, dataset].
    """

    training_s: float
    measuring_s: float
    errors: np.ndarray

    @property
    def total_s(self) -> float:
        return self.training_s + self.measuring_s


def published(seeds: int, cycles: int) -> RunConfig:
    """Return the published night for so many seeds and cycles, with full evaluation."""
    return RunConfig(
        seeds=tuple(range(seeds)),
        num_cycles=cycles,
        total_eps=_EPOCHS_PER_CYCLE * cycles,
        rounding="original",
        full_evaluation=True,
        device="cpu",
    )


def time_program(config: RunConfig, pair: DatasetPair, threads: int) -> Pace:
    """Run a night with the program and derive the durations from the times of its events.

    Parameters
    ----------
    config : RunConfig
        Settings of the night.
    pair : DatasetPair
        Old and new memories.
    threads : int
        CPU threads that share seeds and batches.

    Returns
    -------
    Pace
        Durations and errors.
    """
    training = measuring = 0.0
    errors = []
    with torch_threads():
        last = time.perf_counter()
        for event in train(config, pair, threads=lambda: threads):
            now = time.perf_counter()
            if isinstance(event, EpochDone):
                training += now - last
            elif isinstance(event, StageEvaluated) and event.cycle:
                measuring += now - last
                errors.append((event.dataset_1.error, event.dataset_2.error))
            last = now
    return Pace(training, measuring, np.array(errors).transpose(2, 0, 1))


def time_plain_loop(config: RunConfig, pair: DatasetPair, threads: int) -> Pace:
    """Run a night with the plain loop.

    Parameters
    ----------
    config : RunConfig
        Settings of the night.
    pair : DatasetPair
        Old and new memories.
    threads : int
        CPU threads that torch shares each operation among.

    Returns
    -------
    Pace
        Durations and errors.
    """
    device = torch.device("cpu")
    old, new = (
        build_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    initial_model = load_vae(shipped_path(config.split, config.latent_dim), config.latent_dim)
    with torch_threads(threads):
        result = run_plain_loop(config, pair, initial_model, (old, new), load_digit_reader())
    return Pace(result.training_s, result.measuring_s, np.array(result.errors))
