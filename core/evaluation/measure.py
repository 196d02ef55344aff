"""Measures of one model on test images. Measuring draws no random numbers."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.evaluation.probe import Probe
from core.model.digit_reader import DigitReader, classify
from core.model.inference_copy import inference_copy
from core.model.vae import VAE
from core.support.devices import has_bfloat16
from core.support.stopping import Check, never
from core.support.threads import parallel_map


@dataclass(frozen=True, eq=False)
class Measured:
    """One model's measures on one probe, one value per image.

    Attributes
    ----------
    error : ndarray
        Reconstruction error: sum over 784 pixels of |image - reconstruction of the full image|,
        float32 [n].
    recall_error : ndarray
        Sum over 784 pixels of |image - recall from the partial image|, float32 [n].
    recalled : ndarray
        Whether the digit reader names the recall with the right digit in the right style,
        bool [n].
    """

    error: NDArray[np.float32]
    recall_error: NDArray[np.float32]
    recalled: NDArray[np.bool_]


def measure(
    vae: VAE,
    probe: Probe,
    reader: DigitReader,
    check: Check = never,
    *,
    threads: int = 1,
    exact: bool = False,
) -> Measured:
    """Measure a model on test images.

    Parameters
    ----------
    vae : VAE
        Model to measure; it is not modified.
    probe : Probe
        n test images and their partial versions, on the model's device.
    reader : DigitReader
        Classifier of the recalled images, on the same device.
    check : Check, optional
        Called before every batch; it may raise.
    threads : int, default 1
        Batches measured in parallel on a CPU; the result does not depend on it.
    exact : bool, default False
        Whether the model computes in float32. By default it computes in bfloat16 if the device
        supports it, which moves no mean by more than 0.5 % (tested).

    Returns
    -------
    Measured
        One value per image, all of shape [n].
    """
    device = probe.images.device
    dtype = torch.bfloat16 if has_bfloat16(device) and not exact else torch.float32
    model = inference_copy(vae, dtype)

    @torch.inference_mode()
    def measure_batch(batch: Probe) -> tuple[Tensor, Tensor, Tensor]:
        check()
        images = _to_float(batch.images)
        reconstructions = model.reconstruct(images.to(dtype))
        recalls = model.reconstruct(_to_float(batch.partial()).to(dtype))
        named, _ = classify(reader, recalls)
        return (
            _absolute_error(images, reconstructions),
            _absolute_error(images, recalls),
            named == batch.classes,
        )

    workers = threads if device.type == "cpu" else 1
    batches = parallel_map(measure_batch, list(probe.batches()), workers)
    return Measured(*(torch.cat(parts).cpu().numpy() for parts in zip(*batches, strict=True)))


@torch.inference_mode()
def recall(vae: VAE, cues: Probe) -> Tensor:
    """Return the model's recall from each partial image of ``cues``, uint8 [n, 1, 28, 28]."""
    return to_uint8(vae.reconstruct(_to_float(cues.partial())))


def to_uint8(images: Tensor) -> Tensor:
    """Return images in [0, 1] as uint8."""
    return images.mul(255).round().to(torch.uint8)


def _to_float(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1]."""
    return images.float().div_(255)


def _absolute_error(images: Tensor, outputs: Tensor) -> Tensor:
    """Return the sum over pixels of |images - outputs|, [n]."""
    return (images - outputs).abs().sum(dim=(1, 2, 3))
