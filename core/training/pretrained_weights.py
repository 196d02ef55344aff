"""Pre-training to a file, with a record of recipe, training images and scores."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from core.data import DatasetPair, load_pair
from core.data.fingerprints import outside_bundled_test, save_fingerprints
from core.data.splits import Images
from core.evaluation.weight_scores import score_weights
from core.model.weights import save_weights
from core.runs.events import PretrainingAdvanced
from core.support.files import create_folders
from core.support.stopping import Check, never
from core.support.versions import versions
from core.training.pretraining import pretrain
from core.training.recipe import Recipe


def pretrain_to_file(
    pair: DatasetPair, recipe: Recipe, path: Path, check: Check = never
) -> Iterator[PretrainingAdvanced]:
    """Pre-train a VAE on dataset 1 and write its weights and their record.

    Images of the bundled test set are never trained on, whatever the source. An interrupted call
    leaves a checkpoint, from which the next call with the same recipe continues.

    Parameters
    ----------
    pair : DatasetPair
        Datasets of one split and source.
    recipe : Recipe
        Settings of pre-training.
    path : Path
        File for the weights; the record gets the suffix ``.json``. Missing folders are created.
    check : Check, optional
        Called before every step and every batch that is measured; it may raise.

    Yields
    ------
    PretrainingAdvanced
        Progress.

    Raises
    ------
    DivergedError
        If a loss is not finite.
    """
    images = pretraining_images(pair)
    create_folders(path.parent)
    checkpoint = path.with_suffix(".partial")
    vae, losses = yield from pretrain(images, recipe, checkpoint, check)
    pairs = {"bundled": load_pair(pair.split, "bundled"), pair.source: pair}
    record = {
        "split": pair.split,
        "source": pair.source,
        "recipe": asdict(recipe),
        "epochs": len(losses),
        "loss_per_epoch": list(losses),
        "training_images": save_fingerprints(images, f"{pair.split}-{pair.source}", path.parent),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "scores": {source: score_weights(vae, scored, check) for source, scored in pairs.items()},
    }
    save_weights(vae, path, record)
    checkpoint.unlink(missing_ok=True)


def pretraining_images(pair: DatasetPair) -> Images:
    """Return dataset 1's training images that are not in the bundled test set, [n, 28, 28]."""
    images = pair.dataset_1.train
    return images[outside_bundled_test(images)]
