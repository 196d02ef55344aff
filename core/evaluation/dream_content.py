"""Dream content: what the digit reader names in the images a REM stage trains on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.data import Dataset
from core.model.digit_reader import CONFIDENT, DigitReader, classify, dataset_classes


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
    named, confidence = (part.cpu().numpy() for part in classify(reader, dreams))
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
