"""Dataset splits: rules that divide images into old memories and new memories."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
LabelledImages = tuple[Images, Labels]


@dataclass(frozen=True)
class Split:
    """A rule that creates dataset 1 (old memories) and dataset 2 (new memories).

    Attributes
    ----------
    name : str
        Name in `SPLITS`, settings and addresses.
    label : str
        Description on the page and in help texts.
    dataset_1, dataset_2 : str
        Names of the two datasets.
    inverts_2 : bool
        Whether the digits of dataset 2 are dark on a light background. The digit reader
        distinguishes both styles.
    divide : Callable
        Takes images, uint8 [n, 28, 28], and labels, uint8 [n]; returns images and labels of
        dataset 1, then of dataset 2.
    """

    name: str
    label: str
    dataset_1: str
    dataset_2: str
    inverts_2: bool
    divide: Callable[[Images, Labels], tuple[LabelledImages, LabelledImages]]


def _by_inversion(images: Images, labels: Labels) -> tuple[LabelledImages, LabelledImages]:
    return (images, labels), (255 - images, labels)


def _by_digit(images: Images, labels: Labels) -> tuple[LabelledImages, LabelledImages]:
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
