"""Measures of one model on test images. Nothing here draws a random number."""

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
    """One model's scores on one probe, one value an image, all [n].

    ``error`` and ``recall_error`` are sums over 784 pixels of |x - reconstruction|, from the
    full and the partial image; ``recalled`` says whether the reader named the recalled image
    with the right digit in the right style.
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
    """Score a copy of ``vae`` on ``probe``; the model itself is not touched.

    The model works in bfloat16 where the device has it and nothing ``exact`` is asked for, all
    else in float32: that moves no measure by more than 0.5 % (tested). ``check`` is called before
    every batch, and raises where the measuring is to stop. Up to ``threads`` batches are measured
    side by side, which changes nothing.
    """
    device = probe.images.device
    dtype = torch.bfloat16 if has_bfloat16(device) and not exact else torch.float32
    model = inference_copy(vae, dtype)

    @torch.inference_mode()
    def score(part: Probe) -> tuple[Tensor, Tensor, Tensor]:
        check()
        images = _shades(part.images)
        redrawn = model.reconstruct(images.to(dtype))
        remembered = model.reconstruct(_shades(part.partial()).to(dtype))
        named, _ = classify(reader, remembered)
        return (
            _difference(images, redrawn),
            _difference(images, remembered),
            named == part.classes,
        )

    found = parallel_map(score, list(probe.batches()), threads if device.type == "cpu" else 1)
    return Measured(*(torch.cat(each).cpu().numpy() for each in zip(*found, strict=True)))


@torch.inference_mode()
def recall(vae: VAE, cues: Probe) -> Tensor:
    """What ``vae`` makes of the partial images of ``cues``: uint8 [n, 1, 28, 28]."""
    return pixels(vae.reconstruct(_shades(cues.partial())))


def pixels(images: Tensor) -> Tensor:
    """Images in [0, 1] as uint8."""
    return images.mul(255).round().to(torch.uint8)


def _shades(images: Tensor) -> Tensor:
    """Images uint8 as float32 in [0, 1]."""
    return images.float().div_(255)


def _difference(images: Tensor, others: Tensor) -> Tensor:
    return (images - others).abs().sum(dim=(1, 2, 3))
