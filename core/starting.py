"""Which weights a night starts from, trained first where there are none."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.data import DatasetPair, load_pair
from core.data.fingerprints import keep_fingerprints, outside_bundled_test
from core.data.masks import MASKS
from core.data.splits import Images
from core.evaluation import make_probe, measure
from core.events import PretrainingAdvanced, WeightsUsed
from core.files import make_folders
from core.pretraining import pretrain
from core.reader import load_reader
from core.recipe import Recipe
from core.stopping import Check, never
from core.store.locks import acquire
from core.vae import VAE
from core.versions import versions
from core.weights import cached_path, file_sha256, load_vae, own_path, save_weights

Start = Generator[PretrainingAdvanced, None, tuple[VAE, WeightsUsed]]


def starting_weights(config: RunConfig, pair: DatasetPair, check: Check = never) -> Start:
    """Yield the progress of pre-training, if there is need of it; return the model and its origin.

    In order: the file the config names; fresh ones, if it asks for them; those that ship with
    the program; those that this machine trained before; else pre-training, kept for next time.
    """
    if config.weights is not None:
        return _load("given", Path(config.weights).expanduser(), config)
    own = own_path(config.split, config.latent_dim, config.data, config.pretrain_seed)
    if config.use_initial_weights:
        cached = cached_path(config.split, config.latent_dim)
        if cached.exists():
            return _load("cached", cached, config)
        if own.exists():
            return _load("pre-trained", own, config)
    recipe = Recipe(latent_dim=config.latent_dim, seed=config.pretrain_seed)
    with _alone(own.with_suffix(".lock"), check):
        # Another night may have trained the very same meanwhile.
        if not (config.use_initial_weights and own.exists()):
            yield from pretrain_to_file(pair, recipe, own, check)
    return _load("pre-trained", own, config)


def pretrain_to_file(
    pair: DatasetPair, recipe: Recipe, path: Path, check: Check = never
) -> Iterator[PretrainingAdvanced]:
    """Pre-train on dataset 1 and write the weights and their record to ``path``.

    Trains only on images that are in neither source's test set. An interrupted call leaves a
    checkpoint, and the next one with the same recipe goes on from there.
    """
    images = pretraining_images(pair)
    make_folders(path.parent)
    checkpoint = path.with_suffix(".partial")
    vae, losses = yield from pretrain(images, recipe, checkpoint, check)
    scored_on = {"bundled": load_pair(pair.split, "bundled"), pair.source: pair}
    record = {
        "split": pair.split,
        "source": pair.source,
        "recipe": asdict(recipe),
        "epochs": len(losses),
        "loss_per_epoch": list(losses),
        "training_images": keep_fingerprints(images, f"{pair.split}-{pair.source}", path.parent),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "scores": {source: score(vae, each, check) for source, each in scored_on.items()},
    }
    save_weights(vae, path, record)
    checkpoint.unlink(missing_ok=True)


def pretraining_images(pair: DatasetPair) -> Images:
    """Dataset 1's training images without those of the bundled test set, uint8 [n, 28, 28]."""
    images = pair.dataset_1.train
    return images[outside_bundled_test(images)]


def score(vae: VAE, pair: DatasetPair, check: Check = never) -> dict[str, Any]:
    """The default measures of ``vae`` on all test images of ``pair``."""
    reader = load_reader()
    mask, fraction = RunConfig.mask, RunConfig.mask_fraction
    scores: dict[str, Any] = {"mask": MASKS[mask].label, "mask_fraction": fraction}
    for key, dataset in (("dataset_1", pair.dataset_1), ("dataset_2", pair.dataset_2)):
        probe = make_probe(dataset, mask, fraction, torch.device("cpu"))
        found = measure(vae, probe, reader, check, exact=True)
        scores[key] = {
            "name": dataset.name,
            "test_images": len(dataset.test),
            "error": float(found.error.mean(dtype=float)),
            "recall_error": float(found.recall_error.mean(dtype=float)),
            "recall_accuracy": float(found.recalled.mean()),
        }
    return scores


@contextmanager
def _alone(path: Path, check: Check) -> Iterator[None]:
    """Wait until no other process holds the lock on ``path``, and hold it."""
    make_folders(path.parent)
    while (lock := acquire(path)) is None:
        check()
    with lock:
        yield


def _load(origin: str, path: Path, config: RunConfig) -> tuple[VAE, WeightsUsed]:
    vae = load_vae(path, config.latent_dim)
    return vae, WeightsUsed(origin, path.name, file_sha256(path))
