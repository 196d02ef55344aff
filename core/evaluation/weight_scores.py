"""Measures of a set of weights, as written to the record next to a weights file."""

from typing import Any

import torch

from core.data import DatasetPair
from core.data.masks import MASKS
from core.evaluation.measure import measure
from core.evaluation.probe import build_probe
from core.model.digit_reader import load_digit_reader
from core.model.vae import VAE
from core.schedule.config import RunConfig
from core.support.stopping import Check, never


def score_weights(vae: VAE, pair: DatasetPair, check: Check = never) -> dict[str, Any]:
    """Measure a model on all test images with the default mask, in float32 on the CPU.

    Parameters
    ----------
    vae : VAE
        Model to measure; it is not modified.
    pair : DatasetPair
        Datasets whose test images are used.
    check : Check, optional
        Called before every batch; it may raise.

    Returns
    -------
    dict
        JSON values: the mask, its fraction, and for "dataset_1" and "dataset_2" the name, the
        number of test images and the means of error, recall error and recall accuracy.
    """
    reader = load_digit_reader()
    mask, fraction = RunConfig.mask, RunConfig.mask_fraction
    scores: dict[str, Any] = {"mask": MASKS[mask].label, "mask_fraction": fraction}
    for key, dataset in (("dataset_1", pair.dataset_1), ("dataset_2", pair.dataset_2)):
        probe = build_probe(dataset, mask, fraction, torch.device("cpu"))
        measured = measure(vae, probe, reader, check, exact=True)
        scores[key] = {
            "name": dataset.name,
            "test_images": len(dataset.test),
            "error": float(measured.error.mean(dtype=float)),
            "recall_error": float(measured.recall_error.mean(dtype=float)),
            "recall_accuracy": float(measured.recalled.mean()),
        }
    return scores
