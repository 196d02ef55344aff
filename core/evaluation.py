"""What is measured before a night and after every stage. Nothing here draws a random number."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data import Dataset
from core.data.masks import MASKS
from core.reader import CONFIDENT, DigitReader, dataset_classes, read
from core.stopping import Check, never
from core.vae import VAE

_BATCH = 100


@dataclass(frozen=True, eq=False)
class Probe:
    """Test images and their partial versions, the same at every measure.

    ``images`` and ``hidden`` are [n, 1, 28, 28] uint8 and bool, ``classes`` int64 [n] what the
    reader should name.
    """

    images: Tensor
    hidden: Tensor
    classes: Tensor

    def part(self, count: int) -> "Probe":
        """An evenly spaced subset of ``count`` images (all where there are no more)."""
        if count >= len(self.images):
            return self
        chosen = torch.from_numpy(np.linspace(0, len(self.images) - 1, count).round().astype(int))
        return Probe(self.images[chosen], self.hidden[chosen], self.classes[chosen])

    def batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        yield from zip(*(part.split(_BATCH) for part in vars(self).values()), strict=True)


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


def make_probe(dataset: Dataset, mask: str, fraction: float, device: torch.device) -> Probe:
    """The probe of ``dataset``'s test images. Partial images depend on their position alone."""
    hidden = MASKS[mask].hidden(len(dataset.test), fraction)
    classes = dataset_classes(dataset, dataset.test_labels)
    return Probe(
        torch.from_numpy(dataset.test).unsqueeze(1).to(device),
        torch.from_numpy(hidden).unsqueeze(1).to(device),
        torch.from_numpy(classes).to(device),
    )


@torch.inference_mode()
def measure(vae: VAE, probe: Probe, reader: DigitReader, check: Check = never) -> Measured:
    """Score a copy of ``vae`` on ``probe``; the model itself is not touched.

    ``check`` is called before every batch, and raises where the measuring is to stop.
    """
    # A copy, so that the memory layout for measuring cannot change training's.
    model = copy.deepcopy(vae).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    errors, recall_errors, recalled = [], [], []
    for pixels, hidden, classes in probe.batches():
        check()
        images = pixels.float().div_(255)
        partial = images.masked_fill(hidden, 0.0)
        recall = model.reconstruct(partial)
        errors.append(_difference(images, model.reconstruct(images)))
        recall_errors.append(_difference(images, recall))
        recalled.append(read(reader, recall)[0] == classes)
    return Measured(*(torch.cat(part).cpu().numpy() for part in (errors, recall_errors, recalled)))


def _difference(images: Tensor, others: Tensor) -> Tensor:
    return (images - others).abs().sum(dim=(1, 2, 3))


@dataclass(frozen=True)
class DreamContent:
    """What the reader sees in one stage's dreams: shares that add up to 1, and class counts."""

    old: float
    new: float
    neither: float
    old_classes: int
    new_classes: int


@torch.inference_mode()
def dream_content(
    dreams: Tensor, reader: DigitReader, dataset_1: Dataset, dataset_2: Dataset
) -> DreamContent:
    """Name ``dreams`` [n, 1, 28, 28]: old or new if the reader is sure of a class of theirs."""
    named, confidence = (part.cpu().numpy() for part in read(reader, dreams))
    sure = named[confidence >= CONFIDENT]
    counts = []
    for dataset in (dataset_1, dataset_2):
        classes = np.unique(dataset_classes(dataset, dataset.train_labels))
        hits = sure[np.isin(sure, classes)]
        counts.append((len(hits), len(np.unique(hits))))
    (old, old_classes), (new, new_classes) = counts
    total = len(named)
    return DreamContent(
        old / total, new / total, (total - old - new) / total, old_classes, new_classes
    )
