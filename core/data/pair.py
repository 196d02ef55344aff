"""The two datasets of a night: old memories and new memories."""

from dataclasses import dataclass

from core.data.sources import SOURCES
from core.data.splits import SPLITS, Images, Labels
from core.support.validation import lookup


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their digits.

    Attributes
    ----------
    name : str
        Name of the dataset on the page and in reports.
    inverted : bool
        Whether the digits are dark on a light background.
    train, test : Images
        Training and test images, uint8 [n, 28, 28].
    train_labels, test_labels : Labels
        Their digits 0 to 9, uint8 [n].
    """

    name: str
    inverted: bool
    train: Images
    train_labels: Labels
    test: Images
    test_labels: Labels


@dataclass(frozen=True, eq=False)
class DatasetPair:
    """The two datasets of a split, from one source.

    Attributes
    ----------
    split : str
        Name of the split in `SPLITS`.
    source : str
        Name of the source in `SOURCES`.
    dataset_1 : Dataset
        Old memories: what the model knows before the night.
    dataset_2 : Dataset
        New memories: what the model learns during the night.
    """

    split: str
    source: str
    dataset_1: Dataset
    dataset_2: Dataset


def load_pair(split: str = "inverted", source: str = "bundled") -> DatasetPair:
    """Load both datasets of ``split`` from ``source``.

    Raise `ConfigError` for a name that is not in `SPLITS` or `SOURCES`, and `DataError` if the
    images of the source cannot be loaded.
    """
    rule = lookup("split", split, SPLITS)
    images = lookup("data", source, SOURCES).load()
    train_1, train_2 = rule.divide(images.train, images.train_labels)
    test_1, test_2 = rule.divide(images.test, images.test_labels)
    return DatasetPair(
        split,
        source,
        Dataset(rule.dataset_1, False, *train_1, *test_1),
        Dataset(rule.dataset_2, rule.inverts_2, *train_2, *test_2),
    )
