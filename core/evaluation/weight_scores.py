"""Scores of a set of weights before any night, as the record beside a weights file holds them."""

from typing import Any

import torch

from core.data import DatasetPair
from core.data.masks import MASKS
from core.evaluation.measure import measure
from core.evaluation.probe import make_probe
from core.model.digit_reader import load_digit_reader
from core.model.vae import VAE
from core.schedule.config import RunConfig
from core.support.stopping import Check, never


def score_weights(vae: VAE, pair: DatasetPair, check: Check = never) -> dict[str, Any]:
    """The default measures of ``vae`` on all test images of ``pair``."""
    reader = load_digit_reader()
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
