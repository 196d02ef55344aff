"""Images: sources, splits and masks. Only loading the source "mnist" imports torch."""

from core.data.pair import Dataset, DatasetPair, load_pair
from core.data.sources import SOURCES
from core.data.splits import SPLITS

__all__ = ["SOURCES", "SPLITS", "Dataset", "DatasetPair", "load_pair"]
