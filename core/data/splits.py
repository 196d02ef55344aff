"""How one set of images becomes dataset 1 (old memories) and dataset 2 (recent ones)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Half = tuple[Images, Labels]


@dataclass(frozen=True)
class Split:
    """One way to make two datasets.

    ``divide`` takes images [n, 28, 28] and labels [n] and returns those of dataset 1 and 2.
    ``inverts_2`` says whether dataset 2 is drawn dark on light, which the digit reader must know.
    """

    name: str
    label: str
    dataset_1: str
    dataset_2: str
    inverts_2: bool
    divide: Callable[[Images, Labels], tuple[Half, Half]]


def _by_inversion(images: Images, labels: Labels) -> tuple[Half, Half]:
    return (images, labels), (255 - images, labels)


def _by_digit(images: Images, labels: Labels) -> tuple[Half, Half]:
    low = labels <= 4
    return (images[low], labels[low]), (images[~low], labels[~low])


SPLITS = {
    split.name: split
    for split in (
        Split(
            "inverted",
            "Same digits, inverted",
            "MNIST",
            "inverted MNIST",
            True,
            _by_inversion,
        ),
        Split(
            "digits",
            "Digits 0-4, then 5-9",
            "digits 0-4",
            "digits 5-9",
            False,
            _by_digit,
        ),
    )
}
