"""The night itself: a generator of events. Whoever drains it decides what happens to them.

Source: the sleep simulation of Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core.config import RunConfig
from core.data import DatasetPair, load_pair
from core.data.splits import Images
from core.devices import resolve
from core.draws import Purpose, stream
from core.events import CycleDone, EpochDone, Event, NightDone, NightStarted, StageStarted
from core.lab import make_lab
from core.schedule import Stage, hypnogram
from core.sleeper import Sleeper, fall_asleep
from core.starting import starting_weights
from core.vae import VAE
from core.versions import versions

_POSITION = {Stage.NREM: 0, Stage.REM: 1}  # in the names of random streams: never renumber


def train(config: RunConfig, pair: DatasetPair | None = None) -> Iterator[Event]:
    """Sleep one night over all of the config's seeds, yielding events as they happen.

    ``pair`` spares loading the data again. The same config gives the same events, bit for bit,
    on the same machine and thread count. Raises `DataError`, `WeightsError`, `ConfigError` (a
    device that is not there) and `DivergedError`.
    """
    device = resolve(config.device)
    pair = pair or load_pair(config.split, config.data)
    start, used = yield from starting_weights(config, pair)
    lab = make_lab(config, pair, device)
    before = start.to(device)
    began = time.perf_counter()
    night = hypnogram(config)
    yield NightStarted(
        config.to_dict(),
        tuple((cycle.rem_fraction, cycle.nrem_epochs, cycle.rem_epochs) for cycle in night),
        pair.dataset_1.name,
        pair.dataset_2.name,
        used,
        str(device),
        torch.get_num_threads(),
        versions(),
    )
    sleepers = tuple(fall_asleep(before, seed, config.lr) for seed in config.seeds)
    awake = tuple(replace(sleeper, vae=before) for sleeper in sleepers)
    yield lab.evaluate(awake, 0, "before", everything=True)
    for number, cycle in enumerate(night, start=1):
        for stage, epochs in cycle.stages:
            steps = epochs * -(-config.num // config.batch_size)
            yield StageStarted(number, stage.value, epochs, steps)
            if stage is Stage.NREM:
                pictures = tuple(
                    _recent(pair.dataset_2.train, sleeper.seed, number, config.num).to(device)
                    for sleeper in sleepers
                )
            else:
                dreamers = [s.vae if config.continue_training else before for s in sleepers]
                pictures = tuple(
                    _dream(dreamer, sleeper.seed, number, config.num)
                    for dreamer, sleeper in zip(dreamers, sleepers, strict=True)
                )
                yield lab.read_dreams(pictures, number)
            for epoch in range(epochs):
                yield _epoch(sleepers, pictures, number, stage, epoch, config.batch_size)
            last = number == len(night) and stage is cycle.stages[-1][0]
            yield lab.evaluate(
                sleepers, number, stage.value, everything=last or config.full_evaluation
            )
        yield CycleDone(number)
    yield NightDone(time.perf_counter() - began)


def _recent(images: Images, seed: int, cycle: int, count: int) -> Tensor:
    """A NREM stage's images [count, 1, 28, 28]: recent memories, drawn without replacement."""
    chosen = stream(seed, Purpose.SUBSET, cycle).choice(len(images), count, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).float().div_(255)


@torch.no_grad()
def _dream(dreamer: VAE, seed: int, cycle: int, count: int) -> Tensor:
    """A REM stage's images [count, 1, 28, 28]: decoded from standard normal latents."""
    shape = (count, dreamer.latent_dim)
    drawn = stream(seed, Purpose.DREAMS, cycle).standard_normal(shape, dtype=np.float32)
    return dreamer.dream(torch.from_numpy(drawn).to(next(dreamer.parameters()).device))


def _epoch(
    sleepers: tuple[Sleeper, ...],
    pictures: tuple[Tensor, ...],
    cycle: int,
    stage: Stage,
    epoch: int,
    batch_size: int,
) -> EpochDone:
    """Train every seed for one epoch over its own ``pictures``."""
    position = (cycle, _POSITION[stage], epoch)
    means = [
        sleeper.train(images, position, batch_size)
        for sleeper, images in zip(sleepers, pictures, strict=True)
    ]
    for sleeper, losses in zip(sleepers, means, strict=True):
        if not np.isfinite(losses).all():
            raise sleeper.diverged("loss", f"cycle {cycle}, {stage.value} epoch {epoch + 1}")
    total, reconstruction, kl = zip(*means, strict=True)
    return EpochDone(cycle, stage.value, epoch + 1, total, reconstruction, kl)
