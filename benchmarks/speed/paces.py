"""The same night slept by the program and by the plain loop, with the time that each takes."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.baseline_loop import sleep_plainly
from core.data import DatasetPair
from core.evaluation.probe import make_probe
from core.model.digit_reader import load_digit_reader
from core.model.weights import load_vae, shipped_path
from core.runs.events import EpochDone, StageEvaluated
from core.schedule.config import RunConfig
from core.support.threads import torch_threads
from core.training.night import train

_EPOCHS_A_CYCLE = 10


@dataclass(frozen=True)
class Pace:
    """Seconds of training and of measuring; errors [seed, stage, dataset]."""

    training_s: float
    measuring_s: float
    errors: np.ndarray

    @property
    def total_s(self) -> float:
        return self.training_s + self.measuring_s


def published(seeds: int, cycles: int) -> RunConfig:
    """The published night, over so many seeds and cycles, everything measured after each stage."""
    return RunConfig(
        seeds=tuple(range(seeds)),
        num_cycles=cycles,
        total_eps=_EPOCHS_A_CYCLE * cycles,
        rounding="original",
        full_evaluation=True,
        device="cpu",
    )


def ours(config: RunConfig, pair: DatasetPair, threads: int) -> Pace:
    """Sleep it as the program does, and tell the time by its events."""
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


def plain(config: RunConfig, pair: DatasetPair, threads: int) -> Pace:
    """Sleep it with the plain loop, whose operations torch shares out to the ``threads``."""
    device = torch.device("cpu")
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    before = load_vae(shipped_path(config.split, config.latent_dim), config.latent_dim)
    with torch_threads(threads):
        slept = sleep_plainly(config, pair, before, (first, second), load_digit_reader())
    return Pace(slept.training_s, slept.measuring_s, np.array(slept.errors))
