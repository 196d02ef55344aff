"""The simulated night as a generator of events; the caller decides what happens to them.

Source: the sleep simulation in the public code by the first author of Spens & Burgess 2024,
doi 10.1038/s41562-023-01799-z.
"""

import time
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from core.data import DatasetPair, load_pair
from core.data.splits import Images
from core.ensemble import Ensemble, MeanLosses
from core.evaluation.evaluator import build_evaluator
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
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Check, never
from core.support.threads import ThreadBudget, one_thread
from core.support.versions import versions
from core.training.checkpoints import Checkpoints
from core.training.device_check import ChosenDevice, choose_device
from core.training.initial_weights import initial_weights

_STAGE_NUMBER = {Stage.NREM: 0, Stage.REM: 1}  # in the names of random streams: never renumber


def train(
    config: RunConfig,
    pair: DatasetPair | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    finished: int = 0,
    check: Check = never,
    threads: ThreadBudget = one_thread,
) -> Iterator[Event]:
    """Run one night for all seeds of a config and yield its events as they happen.

    The same config yields the same events, bit for bit, on the same machine (apart from the
    seconds in `NightDone`). They do not depend on ``threads``, nor on whether the night was
    resumed.

    Parameters
    ----------
    config : RunConfig
        Settings of the night.
    pair : DatasetPair, optional
        The datasets of the config's split and source; by default they are loaded.
    checkpoints : Checkpoints, optional
        Folder for checkpoints. One is written after each cycle, before the cycle's `CycleDone`,
        and the night resumes from the newest one of a finished cycle. By default nothing is
        written and the night starts from its beginning.
    finished : int, default 0
        Number of cycles whose `CycleDone` an earlier call has yielded; later checkpoints are
        ignored.
    check : Check, optional
        Called before every training step and every batch that is measured; raise from it to stop
        the night. By default nothing is called.
    threads : ThreadBudget, optional
        Returns the number of CPU threads to use now; called at every epoch and measurement. By
        default 1.

    Yields
    ------
    Event
        `PretrainingAdvanced` if there are no weights yet; then `NightStarted`, `CuesShown`, the
        measurement before the night and every cycle's events, or `NightResumed` and the events of
        the cycles that are left; at the end `NightDone`.

    Raises
    ------
    ConfigError
        If this machine lacks the requested device.
    DataError
        If the images cannot be loaded.
    WeightsError
        If a weights file is missing, damaged or of another latent size.
    DivergedError
        If a loss or a measured error is not finite.

    References
    ----------
    Objective and reparameterisation: Kingma & Welling 2014, arXiv 1312.6114. Optimiser: Adam,
    Kingma & Ba 2015, arXiv 1412.6980.
    """
    chosen = choose_device(config.device)
    device = chosen.device
    pair = pair or load_pair(config.split, config.data)
    loaded, weights, is_new = yield from _load_or_pretrain(config, pair, checkpoints, check)
    evaluator = build_evaluator(config, pair, device, check, threads)
    initial_model = loaded.to(device)
    night = hypnogram(config)
    ensemble = Ensemble(initial_model, config.seeds, config.lr, check)
    # Checkpoints from other weights must not be continued: their dreams would not match.
    saved = checkpoints.newest(finished, ensemble) if checkpoints and not is_new else None
    start_time = time.perf_counter() - (saved.seconds if saved else 0)
    if saved:
        saved.restore(ensemble)
        yield NightResumed(saved.cycle, versions())
    else:
        yield _night_started(config, night, pair, weights, chosen)
        yield evaluator.cues()
        yield evaluator.evaluate_initial_model(initial_model, ensemble)
        yield evaluator.recall([initial_model] * len(config.seeds), 0)
    for number, cycle in enumerate(night, start=1):
        if saved and number <= saved.cycle:
            continue
        for stage, epochs in cycle.stages:
            steps = epochs * -(-config.num // config.batch_size)
            yield StageStarted(number, stage.value, epochs, steps)
            if stage is Stage.NREM:
                recent = pair.dataset_2.train
                images = torch.stack(
                    [_replay(recent, seed, number, config.num).to(device) for seed in config.seeds]
                )
            else:
                dreamers = (
                    ensemble.vaes()
                    if config.continue_training
                    else [initial_model] * len(config.seeds)
                )
                images = torch.stack(
                    [
                        _dream(dreamer, seed, number, config.num)
                        for dreamer, seed in zip(dreamers, config.seeds, strict=True)
                    ]
                )
                yield evaluator.classify_dreams(images, number)
            for epoch in range(epochs):
                position = (number, _STAGE_NUMBER[stage], epoch)
                losses = ensemble.train(images, position, config.batch_size, threads())
                yield _epoch_done(ensemble, losses, number, stage, epoch + 1)
            is_last = number == len(night) and stage is cycle.stages[-1][0]
            yield evaluator.evaluate(
                ensemble, number, stage.value, full=is_last or config.full_evaluation
            )
        yield evaluator.recall(ensemble.vaes(), number)
        if checkpoints:
            checkpoints.save(number, time.perf_counter() - start_time, ensemble)
        yield CycleDone(number)
    yield NightDone(time.perf_counter() - start_time)


def _load_or_pretrain(
    config: RunConfig, pair: DatasetPair, checkpoints: Checkpoints | None, check: Check
) -> Generator[PretrainingAdvanced, None, tuple[VAE, WeightsUsed, bool]]:
    """Return the initial model, its origin, and whether it is new to the checkpoints."""
    saved = checkpoints.initial_model(config.latent_dim) if checkpoints else None
    if saved:
        return *saved, False
    vae, weights = yield from initial_weights(config, pair, check)
    if checkpoints:
        checkpoints.save_initial_model(vae, weights)
    return vae, weights, True


def _night_started(
    config: RunConfig,
    night: Hypnogram,
    pair: DatasetPair,
    weights: WeightsUsed,
    chosen: ChosenDevice,
) -> NightStarted:
    return NightStarted(
        config.to_dict(),
        night,
        pair.dataset_1.name,
        pair.dataset_2.name,
        weights,
        str(chosen.device),
        torch.get_num_threads(),
        versions(),
        chosen.note,
    )


def _replay(images: Images, seed: int, cycle: int, count: int) -> Tensor:
    """Return a NREM stage's images, drawn without replacement, [count, 1, 28, 28] in [0, 1]."""
    chosen = random_stream(seed, Purpose.SUBSET, cycle).choice(len(images), count, replace=False)
    return torch.from_numpy(images[chosen]).unsqueeze(1).float().div_(255)


@torch.no_grad()
def _dream(dreamer: VAE, seed: int, cycle: int, count: int) -> Tensor:
    """Return a REM stage's images, decoded from standard normal latents, [count, 1, 28, 28]."""
    shape = (count, dreamer.latent_dim)
    latents = random_stream(seed, Purpose.DREAMS, cycle).standard_normal(shape, dtype=np.float32)
    return dreamer.dream(torch.from_numpy(latents).to(next(dreamer.parameters()).device))


def _epoch_done(
    ensemble: Ensemble, losses: Sequence[MeanLosses], cycle: int, stage: Stage, epoch: int
) -> EpochDone:
    for index, seed_losses in enumerate(losses):
        if not np.isfinite(seed_losses).all():
            raise ensemble.divergence(index, "loss", f"cycle {cycle}, {stage.value} epoch {epoch}")
    total, reconstruction, kl = zip(*losses, strict=True)
    return EpochDone(cycle, stage.value, epoch, total, reconstruction, kl)
