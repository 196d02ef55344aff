"""Self-check of an accelerator against the CPU, before its results decide a run.

The check trains two short epochs from fixed weights and measures the trained models, on the device
and on the CPU, and compares the results. A comparison's outcome is stored in the user cache; it is
repeated when the device, its driver or runtime, the system or torch changes.
"""

import copy
import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.masks import MASKS
from core.ensemble import Ensemble
from core.evaluation.measure import Measured, measure, to_uint8
from core.evaluation.probe import Probe
from core.model.digit_reader import classify, load_digit_reader
from core.model.weights import load_vae, shipped_path
from core.support import environment
from core.support.checksums import read_checked_json, write_checked_json
from core.support.devices import device_versions, resolve_device
from core.support.files import create_folders
from core.support.random_streams import Purpose, random_stream
from core.support.text import shorten

CHECK_VERSION = 1  # raise it with every change of training, of measuring or of this check

# Another implementation in float32 moves the weights by 3e-5; bfloat16 moves the errors by 7e-3.
LOSS_TOLERANCE = 1e-3  # relative difference of an epoch's mean loss
WEIGHT_TOLERANCE = 0.05  # mean difference of the weights, in units of the learning rate
ERROR_TOLERANCE = 0.03  # relative difference of a mean error over the images
RECALL_TOLERANCE = 0.1  # share of images whose recall is right on one device only

_SPLIT, _LATENT_DIM = "inverted", 5
_SEEDS, _LR = (0, 1), 0.001
_IMAGES = 24
_BATCH_SIZES = (1, 12)  # one per epoch: a step in one part, and with accumulated gradients
_LONGEST_NOTE = 400  # characters; a log allows 500

_logger = logging.getLogger(__name__)


class ChosenDevice(NamedTuple):
    """Device to run on, and a note on its self-check; the note is empty if there is none."""

    device: torch.device
    note: str


@dataclass(frozen=True, eq=False)
class Sample:
    """Results of the check's training and measuring on one device.

    Attributes
    ----------
    losses : ndarray
        Mean total, reconstruction and KL loss in nats per image, float64 [epochs, seeds, 3].
    weights : ndarray
        All weights after training, float32 [seeds, parameters].
    measured : tuple of Measured
        Measures of each seed's trained model.
    """

    losses: NDArray[np.float64]
    weights: NDArray[np.float32]
    measured: tuple[Measured, ...]


def choose_device(name: str) -> ChosenDevice:
    """Return the device to run on.

    "auto" is an accelerator that passes its self-check, otherwise the CPU. A device requested by
    name is used even if its self-check fails; the note reports the failure.

    Raises `ConfigError` for a device that this machine lacks.
    """
    device = resolve_device(name)
    if device.type == "cpu" or not (failure := check_device(device)):
        return ChosenDevice(device, "")
    note = f"{device.type}: self-check failed: {shorten(failure, _LONGEST_NOTE)}"
    if name == "auto":
        return ChosenDevice(torch.device("cpu"), f"{note}; the CPU was used instead")
    return ChosenDevice(device, note)


def check_device(device: torch.device) -> str:
    """Return why ``device`` failed its self-check, or "" if it passed.

    The outcome of a comparison is read from the user cache if it is there. An exception is a
    failure too, but it is not stored: its cause, such as memory that another program uses, may be
    gone next time.
    """
    try:
        path = _cache_path(device)
        with suppress(OSError, ValueError, KeyError):
            return str(read_checked_json(path)["failure"])
        failure = compare(run_sample(torch.device("cpu"), exact=True), run_sample(device))
    except Exception as error:  # backends raise many kinds
        # The message may name paths of this machine, and the log of a run may be published.
        _logger.warning("self-check of %s", device, exc_info=error)
        return f"it raised {type(error).__name__}"
    with suppress(OSError):
        create_folders(path.parent)
        write_checked_json(path, {"failure": failure, **device_versions(device)})
    return failure


def run_sample(device: torch.device, *, exact: bool = False) -> Sample:
    """Train and measure on ``device``, always from the same weights and images.

    ``exact`` measures in float32; by default measuring uses bfloat16 where a night would use it.
    """
    vae = load_vae(shipped_path(_SPLIT, _LATENT_DIM), _LATENT_DIM)
    reader = load_digit_reader()
    latents = random_stream(0, Purpose.DREAMS).standard_normal((_IMAGES, _LATENT_DIM), np.float32)
    hidden = MASKS["random"].hidden(_IMAGES, 0.25)
    with torch.no_grad():  # on the CPU, so that all devices receive the same images
        images = vae.dream(torch.from_numpy(latents))
        classes, _ = classify(reader, images)
    probe = Probe(
        to_uint8(images).to(device),
        torch.from_numpy(hidden).unsqueeze(1).to(device),
        classes.to(device),
    )
    ensemble = Ensemble(copy.deepcopy(vae).to(device), _SEEDS, _LR)
    training_images = torch.stack([images] * len(_SEEDS)).to(device)
    losses = [
        ensemble.train(training_images, (1, 0, epoch), batch_size)
        for epoch, batch_size in enumerate(_BATCH_SIZES)
    ]
    vaes = ensemble.vaes()
    reader = reader.to(device)
    return Sample(
        np.array(losses),
        torch.stack([_flat(list(vae.parameters())) for vae in vaes]).cpu().numpy(),
        tuple(measure(vae, probe, reader, exact=exact) for vae in vaes),
    )


def compare(expected: Sample, actual: Sample) -> str:
    """Compare two samples within the tolerances of this module.

    Returns "" if ``actual`` agrees with ``expected``, otherwise the quantity whose difference is
    largest relative to its tolerance. A number that is not finite never agrees.
    """
    differences = {
        "the training loss": (_relative(expected.losses, actual.losses), LOSS_TOLERANCE),
        "the weights": (
            _mean(np.abs(actual.weights - expected.weights)) / _LR,
            WEIGHT_TOLERANCE,
        ),
    }
    for name, label in (
        ("error", "the reconstruction error"),
        ("recall_error", "the recall error"),
    ):
        means = [
            np.array([getattr(seed, name).mean(dtype=float) for seed in sample.measured])
            for sample in (expected, actual)
        ]
        differences[label] = (_relative(*means), ERROR_TOLERANCE)
    recalled = [
        np.stack([seed.recalled for seed in sample.measured]) for sample in (expected, actual)
    ]
    differences["the recall accuracy"] = (_mean(recalled[0] != recalled[1]), RECALL_TOLERANCE)
    label, (difference, tolerance) = max(
        differences.items(), key=lambda item: item[1][0] / item[1][1]
    )
    if difference <= tolerance:
        return ""
    return f"largest difference in {label}: {difference:.2g} (tolerance {tolerance:g})"


def _relative(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Return the largest relative difference; infinity for a number that is not finite."""
    return _finite(np.max(np.abs(actual - expected) / np.abs(expected)))


def _mean(differences: NDArray[np.generic]) -> float:
    return _finite(differences.mean(dtype=float))


def _finite(difference: float) -> float:
    return float(difference) if np.isfinite(difference) else float("inf")


def _flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _cache_path(device: torch.device) -> Path:
    """Return the cache file of a device's outcome; its name is a hash of all that decides it."""
    key = json.dumps({"check": CHECK_VERSION, **device_versions(device)}, sort_keys=True)
    name = hashlib.sha256(key.encode()).hexdigest()
    return environment.cache_dir() / "device-checks" / f"{name}.json"
