"""The plain PyTorch loop that a competent user would write for the same night: our baseline.

One seed after another, autograd, a foreach Adam, batch size 1, and everything measured on all test
images after each stage. It draws the same random numbers as
`core.training.night`, so that both reach the same curves.
"""

import copy
import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from core.data import DatasetPair
from core.evaluation.probe import Probe
from core.model.digit_reader import DigitReader
from core.model.vae import VAE
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Stage, hypnogram
from core.support.random_streams import Purpose, random_stream

_STREAM = {Stage.NREM: 0, Stage.REM: 1}
_EVALUATION_BATCH = 100


@dataclass
class Slept:
    """What the loop found and how long it took.

    ``errors`` holds [dataset 1, dataset 2] after each stage, for each seed.
    """

    errors: list[list[tuple[float, float]]] = field(default_factory=list)
    training_s: float = 0.0
    measuring_s: float = 0.0


def sleep_plainly(
    config: RunConfig,
    pair: DatasetPair,
    before: VAE,
    probes: tuple[Probe, Probe],
    reader: DigitReader,
) -> Slept:
    """Sleep ``config``'s night from the weights of ``before``, which stays as it is."""
    slept = Slept()
    for seed in config.seeds:
        slept.errors.append(_sleep(config, pair, before, probes, reader, seed, slept))
    return slept


def _sleep(
    config: RunConfig,
    pair: DatasetPair,
    before: VAE,
    probes: tuple[Probe, Probe],
    reader: DigitReader,
    seed: int,
    slept: Slept,
) -> list[tuple[float, float]]:
    vae = copy.deepcopy(before)
    adam = torch.optim.Adam(vae.parameters(), lr=config.lr, eps=1e-7, foreach=True)
    errors = []
    for cycle, planned in enumerate(hypnogram(config), start=1):
        for stage, epochs in planned.stages:
            began = time.perf_counter()
            if stage is Stage.NREM:
                images = _recent(pair, seed, cycle, config.num)
            else:
                images = _dreams(vae if config.continue_training else before, seed, cycle, config)
            for epoch in range(epochs):
                _train(vae, adam, images, config.batch_size, seed, (cycle, _STREAM[stage], epoch))
            trained = time.perf_counter()
            errors.append((_measure(vae, probes[0], reader), _measure(vae, probes[1], reader)))
            slept.training_s += trained - began
            slept.measuring_s += time.perf_counter() - trained
    return errors


def _recent(pair: DatasetPair, seed: int, cycle: int, count: int) -> Tensor:
    images = pair.dataset_2.train
    chosen = random_stream(seed, Purpose.SUBSET, cycle).choice(len(images), count, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).float() / 255


@torch.no_grad()
def _dreams(dreamer: VAE, seed: int, cycle: int, config: RunConfig) -> Tensor:
    shape = (config.num, config.latent_dim)
    drawn = random_stream(seed, Purpose.DREAMS, cycle).standard_normal(shape, dtype=np.float32)
    return dreamer.dream(torch.from_numpy(drawn))


def _train(
    vae: VAE,
    adam: torch.optim.Adam,
    images: Tensor,
    batch_size: int,
    seed: int,
    position: tuple[int, ...],
) -> float:
    """Train for one epoch; gives its mean loss, which costs what telling it would."""
    order = random_stream(seed, Purpose.SHUFFLE, *position).permutation(len(images))
    shape = (len(images), vae.latent_dim)
    drawn = random_stream(seed, Purpose.NOISE, *position).standard_normal(shape, dtype=np.float32)
    noise = torch.from_numpy(drawn)
    total = 0.0
    for start in range(0, len(images), batch_size):
        batch = images[order[start : start + batch_size]]
        losses = vae.losses(batch, noise[start : start + batch_size])
        adam.zero_grad()
        losses.total.backward()
        adam.step()
        total += losses.total.item() * len(batch)
    return total / len(images)


@torch.no_grad()
def _measure(vae: VAE, probe: Probe, reader: DigitReader) -> float:
    """The mean reconstruction error; recall's error and accuracy are found as well."""
    errors, recall_errors, recalled = [], [], []
    images, hidden = probe.images.float() / 255, probe.hidden
    for start in range(0, len(images), _EVALUATION_BATCH):
        at = slice(start, start + _EVALUATION_BATCH)
        errors.append((vae.reconstruct(images[at]) - images[at]).abs().sum(dim=(1, 2, 3)))
        redrawn = vae.reconstruct(images[at].masked_fill(hidden[at], 0))
        recall_errors.append((redrawn - images[at]).abs().sum(dim=(1, 2, 3)))
        recalled.append(reader(redrawn).argmax(dim=1) == probe.classes[at])
    torch.cat(recall_errors).mean().item()
    torch.cat(recalled).float().mean().item()
    return torch.cat(errors).mean().item()
