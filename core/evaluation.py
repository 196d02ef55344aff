"""What is measured before a night and after every stage. Nothing here draws a random number."""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data import Dataset
from core.data.masks import MASKS, Hidden
from core.devices import has_bfloat16
from core.lean import lean
from core.measures import CUES
from core.reader import CONFIDENT, DigitReader, dataset_classes, read
from core.stopping import Check, never
from core.threads import side_by_side
from core.vae import VAE

# Images at a time. With 50 in a fresh process, with 100 in any, the CPU's allocator gives the
# activations (100 KB an image in the widest layer) back to the system after every batch and gets
# them again page by page: a measure takes 1.5 to 1.8 times as long. Below 20 the number of calls
# begins to cost. Other devices want more at once.
_CPU_BATCH, _BATCH = 25, 500


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
        return self._at(np.linspace(0, len(self.images) - 1, count).round().astype(int))

    def cues(self) -> "Probe":
        """At most `CUES` images, the same number of each class, in the order of the classes.

        They are the first of their class; one that has too few images gives those it has.
        """
        classes = self.classes.cpu().numpy()
        kinds = np.unique(classes)
        each = [np.flatnonzero(classes == kind)[: CUES // len(kinds)] for kind in kinds]
        return self._at(np.concatenate(each))

    def partial(self) -> Tensor:
        """The images with their hidden pixels set to 0, uint8 [n, 1, 28, 28]."""
        return self.images.masked_fill(self.hidden, 0)

    def batches(self) -> Iterator["Probe"]:
        """The same images in portions that suit the device."""
        size = _CPU_BATCH if self.images.device.type == "cpu" else _BATCH
        parts = (part.split(size) for part in vars(self).values())
        yield from itertools.starmap(Probe, zip(*parts, strict=True))

    def _at(self, places: NDArray[np.int64]) -> "Probe":
        chosen = torch.from_numpy(places)
        return Probe(self.images[chosen], self.hidden[chosen], self.classes[chosen])


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
    hidden = _hidden(mask, len(dataset.test), fraction)
    classes = dataset_classes(dataset, dataset.test_labels)
    return Probe(
        torch.from_numpy(dataset.test).unsqueeze(1).to(device),
        torch.from_numpy(hidden).unsqueeze(1).to(device),
        torch.from_numpy(classes).to(device),
    )


@functools.lru_cache(maxsize=2)
def _hidden(mask: str, count: int, fraction: float) -> Hidden:
    """The same for both datasets and for a process' next night; never to be written to."""
    return MASKS[mask].hidden(count, fraction)


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
    model = lean(vae, dtype)

    @torch.inference_mode()
    def score(part: Probe) -> tuple[Tensor, Tensor, Tensor]:
        check()
        images = _shades(part.images)
        redrawn = model.reconstruct(images.to(dtype))
        remembered = model.reconstruct(_shades(part.partial()).to(dtype))
        named, _ = read(reader, remembered)
        return (
            _difference(images, redrawn),
            _difference(images, remembered),
            named == part.classes,
        )

    found = side_by_side(score, list(probe.batches()), threads if device.type == "cpu" else 1)
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
