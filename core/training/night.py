"""The night itself: a generator of events. Whoever drains it decides what happens to them.

Source: the sleep simulation of Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z.
"""

import time
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from core.data import DatasetPair, load_pair
from core.data.splits import Images
from core.ensemble import Ensemble, MeanLosses
from core.evaluation.evaluator import make_evaluator
from core.model.vae import VAE
from core.runs.events import (
    CycleDone,
    EpochDone,
    Event,
    NightDone,
    NightResumed,
    NightStarted,
    PretrainingAdvanced,
    StageStarted,
    WeightsUsed,
)
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Hypnogram, Stage, hypnogram
from core.support.devices import resolve
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Check, never
from core.support.threads import ThreadBudget, one_thread
from core.support.versions import versions
from core.training.checkpoints import Checkpoints
from core.training.initial_weights import initial_weights

_POSITION = {Stage.NREM: 0, Stage.REM: 1}  # in the names of random streams: never renumber


def train(
    config: RunConfig,
    pair: DatasetPair | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    finished: int = 0,
    check: Check = never,
    threads: ThreadBudget = one_thread,
) -> Iterator[Event]:
    """Sleep one night over all of the config's seeds, yielding events as they happen.

    ``pair`` spares loading the data again. With ``checkpoints`` the night saves itself after each
    cycle, before it tells that the cycle is done, and goes on from the newest one that is of the
    ``finished`` cycles. ``check`` is called before every step, and raises where it is to stop.
    ``threads`` tells again and again how many of the CPU's it may use now.

    The same config gives the same events, bit for bit, on the same machine, with however many of
    these threads, resumed or not. Raises `DataError`, `WeightsError`, `ConfigError` (a device that
    is not there) and `DivergedError`.
    """
    device = resolve(config.device)
    pair = pair or load_pair(config.split, config.data)
    start, used, is_new = yield from _start(config, pair, checkpoints, check)
    lab = make_evaluator(config, pair, device, check, threads)
    before = start.to(device)
    night = hypnogram(config)
    ensemble = Ensemble(before, config.seeds, config.lr, check)
    # Other weights may dream other dreams: what was made with the lost ones is made again.
    saved = checkpoints.newest(finished, ensemble) if checkpoints and not is_new else None
    began = time.perf_counter() - (saved.seconds if saved else 0)
    if saved:
        saved.restore(ensemble)
        yield NightResumed(saved.cycle, versions())
    else:
        yield _night_started(config, night, pair, used, device)
        yield lab.cues()
        yield lab.evaluate_before(before, ensemble)
        yield lab.recall([before] * len(config.seeds), 0)
    for number, cycle in enumerate(night, start=1):
        if saved and number <= saved.cycle:
            continue
        for stage, epochs in cycle.stages:
            steps = epochs * -(-config.num // config.batch_size)
            yield StageStarted(number, stage.value, epochs, steps)
            if stage is Stage.NREM:
                recent = pair.dataset_2.train
                pictures = torch.stack(
                    [_recent(recent, seed, number, config.num).to(device) for seed in config.seeds]
                )
            else:
                dreamers = (
                    ensemble.vaes() if config.continue_training else [before] * len(config.seeds)
                )
                pictures = torch.stack(
                    [
                        _dream(dreamer, seed, number, config.num)
                        for dreamer, seed in zip(dreamers, config.seeds, strict=True)
                    ]
                )
                yield lab.read_dreams(pictures, number)
            for epoch in range(epochs):
                position = (number, _POSITION[stage], epoch)
                losses = ensemble.train(pictures, position, config.batch_size, threads())
                yield _epoch_done(ensemble, losses, number, stage, epoch + 1)
            last = number == len(night) and stage is cycle.stages[-1][0]
            yield lab.evaluate(
                ensemble, number, stage.value, everything=last or config.full_evaluation
            )
        yield lab.recall(ensemble.vaes(), number)
        if checkpoints:
            checkpoints.save(number, time.perf_counter() - began, ensemble)
        yield CycleDone(number)
    yield NightDone(time.perf_counter() - began)


def _start(
    config: RunConfig, pair: DatasetPair, checkpoints: Checkpoints | None, check: Check
) -> Generator[PretrainingAdvanced, None, tuple[VAE, WeightsUsed, bool]]:
    """The weights that the night starts from, and whether none were kept when it began."""
    kept = checkpoints.start(config.latent_dim) if checkpoints else None
    if kept:
        return *kept, False
    start, used = yield from initial_weights(config, pair, check)
    if checkpoints:
        checkpoints.save_start(start, used)
    return start, used, True


def _night_started(
    config: RunConfig,
    night: Hypnogram,
    pair: DatasetPair,
    used: WeightsUsed,
    device: torch.device,
) -> NightStarted:
    return NightStarted(
        config.to_dict(),
        night,
        pair.dataset_1.name,
        pair.dataset_2.name,
        used,
        str(device),
        torch.get_num_threads(),
        versions(),
    )


def _recent(images: Images, seed: int, cycle: int, count: int) -> Tensor:
    """A NREM stage's images [count, 1, 28, 28]: recent memories, drawn without replacement."""
    chosen = random_stream(seed, Purpose.SUBSET, cycle).choice(len(images), count, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).float().div_(255)


@torch.no_grad()
def _dream(dreamer: VAE, seed: int, cycle: int, count: int) -> Tensor:
    """A REM stage's images [count, 1, 28, 28]: decoded from standard normal latents."""
    shape = (count, dreamer.latent_dim)
    drawn = random_stream(seed, Purpose.DREAMS, cycle).standard_normal(shape, dtype=np.float32)
    return dreamer.dream(torch.from_numpy(drawn).to(next(dreamer.parameters()).device))


def _epoch_done(
    ensemble: Ensemble, losses: Sequence[MeanLosses], cycle: int, stage: Stage, epoch: int
) -> EpochDone:
    for place, seed in enumerate(losses):
        if not np.isfinite(seed).all():
            raise ensemble.diverged(place, "loss", f"cycle {cycle}, {stage.value} epoch {epoch}")
    total, reconstruction, kl = zip(*losses, strict=True)
    return EpochDone(cycle, stage.value, epoch, total, reconstruction, kl)
