"""The two datasets of a night."""

from dataclasses import dataclass

from core.data.sources import SOURCES
from core.data.splits import SPLITS, Images, Labels
from core.support.validation import lookup


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images uint8 [n, 28, 28] with their digits uint8 [n], to train on and to test on.

    ``inverted`` says that the digits are dark on light.
    """

    name: str
    inverted: bool
    train: Images
    train_labels: Labels
    test: Images
    test_labels: Labels


@dataclass(frozen=True, eq=False)
class DatasetPair:
    """Dataset 1 (old memories) and dataset 2 (recent ones) of a split, from one source."""

    split: str
    source: str
    dataset_1: Dataset
    dataset_2: Dataset


def load_pair(split: str = "inverted", source: str = "bundled") -> DatasetPair:
    """Load both datasets of ``split`` from ``source``.

    Raises `ConfigError` for a name that is not in the registries, `DataError` when the source's
    images cannot be had.
    """
    recipe = lookup("split", split, SPLITS)
    pictures = lookup("data", source, SOURCES).load()
    train_1, train_2 = recipe.divide(pictures.train, pictures.train_labels)
    test_1, test_2 = recipe.divide(pictures.test, pictures.test_labels)
    return DatasetPair(
        split,
        source,
        Dataset(recipe.dataset_1, False, *train_1, *test_1),
        Dataset(recipe.dataset_2, recipe.inverts_2, *train_2, *test_2),
    )
