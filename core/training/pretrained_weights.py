"""Pre-training to a file: weights, and a record of recipe, training images and scores."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from core.data import DatasetPair, load_pair
from core.data.fingerprints import keep_fingerprints, outside_bundled_test
from core.data.splits import Images
from core.evaluation.weight_scores import score_weights
from core.model.weights import save_weights
from core.runs.events import PretrainingAdvanced
from core.support.files import make_folders
from core.support.stopping import Check, never
from core.support.versions import versions
from core.training.pretraining import pretrain
from core.training.recipe import Recipe


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
        "scores": {source: score_weights(vae, each, check) for source, each in scored_on.items()},
    }
    save_weights(vae, path, record)
    checkpoint.unlink(missing_ok=True)


def pretraining_images(pair: DatasetPair) -> Images:
    """Dataset 1's training images without those of the bundled test set, uint8 [n, 28, 28]."""
    images = pair.dataset_1.train
    return images[outside_bundled_test(images)]
