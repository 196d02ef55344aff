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
from core.data.masks import MASKS, HiddenPixels
from core.model.digit_reader import dataset_classes
from core.runs.statistics import CUE_IMAGES

# Images per batch. On the CPU, batches of 50 in a fresh process, and of 100 in any, exceed the
# allocator's threshold: it returns the activations (100 KB per image in the widest layer) to the
# system after every batch and a measurement takes 1.5 to 1.8 times as long. Below 20 the overhead
# per call starts to show. Other devices are faster with large batches.
_CPU_BATCH, _BATCH = 25, 500


@dataclass(frozen=True, eq=False)
class Probe:
    """Test images of one dataset and what is hidden in their partial versions.

    Attributes
    ----------
    images : Tensor
        uint8 [n, 1, 28, 28].
    hidden : Tensor
        bool [n, 1, 28, 28]; True where a pixel of the partial image is hidden.
    classes : Tensor
        int64 [n]; the digit reader's class of each image.
    """

    images: Tensor
    hidden: Tensor
    classes: Tensor

    def subset(self, count: int) -> "Probe":
        """Return an evenly spaced subset of ``count`` images, or all if there are not more."""
        if count >= len(self.images):
            return self
        return self._select(np.linspace(0, len(self.images) - 1, count).round().astype(int))

    def cues(self) -> "Probe":
        """Return the first images of each class, in the order of the classes.

        These are at most `CUE_IMAGES`, equally many of each class; fewer of a class that has too
        few images.
        """
        labels = self.classes.cpu().numpy()
        classes = np.unique(labels)
        per_class = CUE_IMAGES // len(classes)
        indices = [np.flatnonzero(labels == label)[:per_class] for label in classes]
        return self._select(np.concatenate(indices))

    def partial(self) -> Tensor:
        """Return the images with their hidden pixels set to 0, uint8 [n, 1, 28, 28]."""
        return self.images.masked_fill(self.hidden, 0)

    def batches(self) -> Iterator["Probe"]:
        """Yield the images in batches of a size that suits the device."""
        size = _CPU_BATCH if self.images.device.type == "cpu" else _BATCH
        columns = (tensor.split(size) for tensor in vars(self).values())
        yield from itertools.starmap(Probe, zip(*columns, strict=True))

    def _select(self, indices: NDArray[np.int64]) -> "Probe":
        chosen = torch.from_numpy(indices)
        return Probe(self.images[chosen], self.hidden[chosen], self.classes[chosen])


def build_probe(dataset: Dataset, mask: str, fraction: float, device: torch.device) -> Probe:
    """Return the probe of a dataset's test images.

    Parameters
    ----------
    dataset : Dataset
        Dataset with n test images.
    mask : str
        Name of a mask in `MASKS`.
    fraction : float
        Share of pixels to hide, for masks that take one.
    device : torch.device
        Device of the probe's tensors.

    Returns
    -------
    Probe
        n images; the hidden pixels of an image depend only on the mask, the fraction and its
        position in the test set.
    """
    hidden = _hidden(mask, len(dataset.test), fraction)
    classes = dataset_classes(dataset, dataset.test_labels)
    return Probe(
        torch.from_numpy(dataset.test).unsqueeze(1).to(device),
        torch.from_numpy(hidden).unsqueeze(1).to(device),
        torch.from_numpy(classes).to(device),
    )


@functools.lru_cache(maxsize=2)
def _hidden(mask: str, count: int, fraction: float) -> HiddenPixels:
    """Return the hidden pixels, shared by both datasets and later nights; never write to them."""
    return MASKS[mask].hidden(count, fraction)
