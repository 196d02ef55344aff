"""Test images and their partial versions, the same at every measurement of a night."""

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
from core.model.digit_reader import dataset_classes
from core.runs.statistics import CUE_IMAGES

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
        """At most `CUE_IMAGES` images, the same number of each class, in the order of the classes.

        They are the first of their class; one that has too few images gives those it has.
        """
        classes = self.classes.cpu().numpy()
        kinds = np.unique(classes)
        each = [np.flatnonzero(classes == kind)[: CUE_IMAGES // len(kinds)] for kind in kinds]
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
