"""The night itself: a generator of events. Whoever drains it decides what happens to them.

Source: the sleep simulation of Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.config import RunConfig
from core.data import DatasetPair, load_pair
from core.devices import resolve
from core.draws import Purpose, stream
from core.errors import DivergedError
from core.evaluation import SUBSET, Probe, dream_content, make_probe, measure
from core.events import (
    CycleDone,
    DreamsMade,
    EpochDone,
    Event,
    NightDone,
    NightStarted,
    Scores,
    StageEvaluated,
    StageStarted,
)
from core.reader import DigitReader, load_reader
from core.schedule import Stage, hypnogram
from core.starting import starting_weights
from core.vae import VAE
from core.versions import versions

_ADAM_EPS = 1e-7
_POSITION = {Stage.NREM: 0, Stage.REM: 1}  # in the names of random streams: never renumber


@dataclass(frozen=True)
class Sleeper:
    """One seed's model and the one Adam state that runs through its whole night."""

    seed: int
    vae: VAE
    adam: torch.optim.Adam


@dataclass(frozen=True)
class Lab:
    """What a night is fed and measured with: the same all night."""

    pair: DatasetPair
    reader: DigitReader
    probes: tuple[Probe, Probe]
    device: torch.device


def train(config: RunConfig, pair: DatasetPair | None = None) -> Iterator[Event]:
    """Sleep one night over all of the config's seeds, yielding events as they happen.

    ``pair`` spares loading the data again. The same config gives the same events, bit for bit,
    on the same machine and thread count. Raises `DataError`, `WeightsError`, `ConfigError` (a
    device that is not there) and `DivergedError`.
    """
    device = resolve(config.device)
    pair = pair or load_pair(config.split, config.data)
    start, used = yield from starting_weights(config, pair)
    lab = _prepare(config, pair, device)
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
    sleepers = tuple(_fall_asleep(before, seed, config.lr) for seed in config.seeds)
    yield _evaluate(sleepers, lab, 0, "before", everything=True)
    for number, cycle in enumerate(night, start=1):
        for stage, epochs in cycle.stages:
            steps = epochs * -(-config.num // config.batch_size)
            yield StageStarted(number, stage.value, epochs, steps)
            if stage is Stage.NREM:
                pictures = tuple(_recent(lab, sleeper.seed, number, config) for sleeper in sleepers)
            else:
                dreamers = [s.vae if config.continue_training else before for s in sleepers]
                pictures = tuple(
                    _dream(dreamer, sleeper.seed, number, config.num)
                    for dreamer, sleeper in zip(dreamers, sleepers, strict=True)
                )
                yield _describe(pictures, lab, number)
            for epoch in range(epochs):
                yield _epoch(sleepers, pictures, number, stage, epoch, config.batch_size)
            last = number == len(night) and stage is cycle.stages[-1][0]
            yield _evaluate(
                sleepers, lab, number, stage.value, everything=last or config.full_evaluation
            )
        yield CycleDone(number)
    yield NightDone(time.perf_counter() - began)


def _prepare(config: RunConfig, pair: DatasetPair, device: torch.device) -> Lab:
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    return Lab(pair, load_reader().to(device), (first, second), device)


def _fall_asleep(before: VAE, seed: int, lr: float) -> Sleeper:
    vae = copy.deepcopy(before)
    fused = next(vae.parameters()).device.type in ("cpu", "cuda")
    return Sleeper(seed, vae, torch.optim.Adam(vae.parameters(), lr=lr, eps=_ADAM_EPS, fused=fused))


def _recent(lab: Lab, seed: int, cycle: int, config: RunConfig) -> Tensor:
    """A NREM stage's images [num, 1, 28, 28]: recent memories, drawn without replacement."""
    images = lab.pair.dataset_2.train
    chosen = stream(seed, Purpose.SUBSET, cycle).choice(len(images), config.num, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).to(lab.device).float().div_(255)


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
        _train(sleeper, images, position, batch_size)
        for sleeper, images in zip(sleepers, pictures, strict=True)
    ]
    for sleeper, losses in zip(sleepers, means, strict=True):
        if not np.isfinite(losses).all():
            raise _diverged("loss", sleeper, f"cycle {cycle}, {stage.value} epoch {epoch + 1}")
    total, reconstruction, kl = zip(*means, strict=True)
    return EpochDone(cycle, stage.value, epoch + 1, total, reconstruction, kl)


def _train(
    sleeper: Sleeper, images: Tensor, position: tuple[int, ...], batch_size: int
) -> tuple[float, ...]:
    """One epoch of one seed; returns its mean total, reconstruction and KL loss per image."""
    order = stream(sleeper.seed, Purpose.SHUFFLE, *position).permutation(len(images))
    shape = (len(images), sleeper.vae.latent_dim)
    drawn = stream(sleeper.seed, Purpose.NOISE, *position).standard_normal(shape, dtype=np.float32)
    shuffled = images[torch.from_numpy(order).to(images.device)]
    noise = torch.from_numpy(drawn).to(images.device)
    sums = torch.zeros(3, device=images.device)
    for batch, noise_batch in zip(shuffled.split(batch_size), noise.split(batch_size), strict=True):
        losses = sleeper.vae.losses(batch, noise_batch)
        sleeper.adam.zero_grad()
        losses.total.backward()
        sleeper.adam.step()
        sums += torch.stack(losses).detach() * len(batch)
    return tuple((sums / len(images)).tolist())


def _diverged(what: str, sleeper: Sleeper, place: str) -> DivergedError:
    return DivergedError(
        f"the {what} of seed {sleeper.seed} is not finite in {place}; "
        f"lr is {sleeper.adam.defaults['lr']}, choose a smaller one."
    )


def _evaluate(
    sleepers: tuple[Sleeper, ...], lab: Lab, cycle: int, stage: str, *, everything: bool
) -> StageEvaluated:
    """Measure every seed on all test images, or on the fixed subset."""
    scores = []
    for probe in lab.probes:
        part = probe if everything else probe.part(SUBSET)
        found = [measure(sleeper.vae, part, lab.reader) for sleeper in sleepers]
        for sleeper, seed in zip(sleepers, found, strict=True):
            # A stage's last step can spoil the weights after its own loss was finite.
            if not np.isfinite([seed.error, seed.recall_error]).all():
                raise _diverged("error", sleeper, f"cycle {cycle}, {stage}")
        scores.append(
            Scores(
                len(part.images),
                tuple(float(seed.error.mean(dtype=np.float64)) for seed in found),
                tuple(float(seed.recall_error.mean(dtype=np.float64)) for seed in found),
                tuple(float(seed.recalled.mean()) for seed in found),
                np.stack([seed.error for seed in found]),
                np.stack([seed.recall_error for seed in found]),
            )
        )
    return StageEvaluated(cycle, stage, *scores)


def _describe(pictures: tuple[Tensor, ...], lab: Lab, cycle: int) -> DreamsMade:
    content = [
        dream_content(dreams, lab.reader, lab.pair.dataset_1, lab.pair.dataset_2)
        for dreams in pictures
    ]
    return DreamsMade(
        cycle,
        tuple(seed.old for seed in content),
        tuple(seed.new for seed in content),
        tuple(seed.neither for seed in content),
        tuple(seed.old_classes for seed in content),
        tuple(seed.new_classes for seed in content),
        torch.stack(pictures).squeeze(2).mul(255).round().to(torch.uint8).cpu().numpy(),
    )
