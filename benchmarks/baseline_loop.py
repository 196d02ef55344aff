"""Baseline for speed: the same night as a plain PyTorch loop, as a competent user would write it.

One seed after another, with autograd, a foreach Adam and batch size 1; all test images are measured
after each stage. The loop draws the same random numbers as `core.training.night`, so that both
reach the same curves.
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

_STAGE_NUMBER = {Stage.NREM: 0, Stage.REM: 1}
_EVALUATION_BATCH = 100


@dataclass
class LoopResult:
    """Results and durations of the plain loop.

    Attributes
    ----------
    errors : list
        Mean reconstruction errors (old memories, new memories), [seed][stage].
    training_s, measuring_s : float
        Seconds of training and of measuring, over all seeds.
    """

    errors: list[list[tuple[float, float]]] = field(default_factory=list)
    training_s: float = 0.0
    measuring_s: float = 0.0


def run_plain_loop(
    config: RunConfig,
    pair: DatasetPair,
    initial_model: VAE,
    probes: tuple[Probe, Probe],
    reader: DigitReader,
) -> LoopResult:
    """Run a night on the CPU.

    Parameters
    ----------
    config : RunConfig
        Settings of the night.
    pair : DatasetPair
        Old and new memories.
    initial_model : VAE
        Model that every seed starts from; it is not modified.
    probes : tuple of Probe
        Test images of old and of new memories.
    reader : DigitReader
        Classifier of the recalled images.

    Returns
    -------
    LoopResult
        Errors after each stage, and durations.
    """
    result = LoopResult()
    for seed in config.seeds:
        result.errors.append(_run_seed(config, pair, initial_model, probes, reader, seed, result))
    return result


def _run_seed(
    config: RunConfig,
    pair: DatasetPair,
    initial_model: VAE,
    probes: tuple[Probe, Probe],
    reader: DigitReader,
    seed: int,
    result: LoopResult,
) -> list[tuple[float, float]]:
    """Return one seed's errors after each stage; add its durations to ``result``."""
    vae = copy.deepcopy(initial_model)
    adam = torch.optim.Adam(vae.parameters(), lr=config.lr, eps=1e-7, foreach=True)
    errors = []
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            start = time.perf_counter()
            if stage is Stage.NREM:
                images = _replay(pair, seed, number, config.num)
            else:
                dreamer = vae if config.continue_training else initial_model
                images = _dreams(dreamer, seed, number, config)
            for epoch in range(epochs):
                position = (number, _STAGE_NUMBER[stage], epoch)
                _train(vae, adam, images, config.batch_size, seed, position)
            trained = time.perf_counter()
            errors.append((_measure(vae, probes[0], reader), _measure(vae, probes[1], reader)))
            result.training_s += trained - start
            result.measuring_s += time.perf_counter() - trained
    return errors


def _replay(pair: DatasetPair, seed: int, cycle: int, count: int) -> Tensor:
    images = pair.dataset_2.train
    chosen = random_stream(seed, Purpose.SUBSET, cycle).choice(len(images), count, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).float() / 255


@torch.no_grad()
def _dreams(dreamer: VAE, seed: int, cycle: int, config: RunConfig) -> Tensor:
    shape = (config.num, config.latent_dim)
    latents = random_stream(seed, Purpose.DREAMS, cycle).standard_normal(shape, dtype=np.float32)
    return dreamer.dream(torch.from_numpy(latents))


def _train(
    vae: VAE,
    adam: torch.optim.Adam,
    images: Tensor,
    batch_size: int,
    seed: int,
    position: tuple[int, ...],
) -> float:
    """Train one epoch; return its mean loss, which a user would print at the same cost."""
    order = random_stream(seed, Purpose.SHUFFLE, *position).permutation(len(images))
    shape = (len(images), vae.latent_dim)
    noise = torch.from_numpy(
        random_stream(seed, Purpose.NOISE, *position).standard_normal(shape, dtype=np.float32)
    )
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
    """Return the mean reconstruction error; recall error and accuracy are computed as well."""
    errors, recall_errors, recalled = [], [], []
    images, hidden = probe.images.float() / 255, probe.hidden
    for start in range(0, len(images), _EVALUATION_BATCH):
        batch = slice(start, start + _EVALUATION_BATCH)
        errors.append((vae.reconstruct(images[batch]) - images[batch]).abs().sum(dim=(1, 2, 3)))
        recalls = vae.reconstruct(images[batch].masked_fill(hidden[batch], 0))
        recall_errors.append((recalls - images[batch]).abs().sum(dim=(1, 2, 3)))
        recalled.append(reader(recalls).argmax(dim=1) == probe.classes[batch])
    torch.cat(recall_errors).mean().item()
    torch.cat(recalled).float().mean().item()
    return torch.cat(errors).mean().item()
