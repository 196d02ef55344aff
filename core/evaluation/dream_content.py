"""Dream content: the digit reader's classes of the images that a REM stage trains on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.data import Dataset
from core.model.digit_reader import CONFIDENCE_THRESHOLD, DigitReader, classify, dataset_classes


@dataclass(frozen=True)
class DreamContent:
    """Classes of one seed's dreams in one REM stage.

    Attributes
    ----------
    old, new, neither : float
        Shares of the dreams that the reader names as old memories, as new memories and as neither
        of them; they add up to 1.
    old_classes, new_classes : int
        Number of different classes among the dreams named old, and among those named new.
    """

    old: float
    new: float
    neither: float
    old_classes: int
    new_classes: int


@torch.inference_mode()
def dream_content(
    dreams: Tensor, reader: DigitReader, dataset_1: Dataset, dataset_2: Dataset
) -> DreamContent:
    """Classify dreams as old memories, new memories or neither.

    A dream is old or new if the reader names a class of that dataset with a probability of at
    least `CONFIDENCE_THRESHOLD`.

    Parameters
    ----------
    dreams : Tensor
        Images in [0, 1], [n, 1, 28, 28], on the reader's device.
    reader : DigitReader
        Classifier of the dreams.
    dataset_1, dataset_2 : Dataset
        Old and new memories, whose training labels define their classes.

    Returns
    -------
    DreamContent
        Shares and class counts.
    """
    named, confidence = (part.cpu().numpy() for part in classify(reader, dreams))
    confident = named[confidence >= CONFIDENCE_THRESHOLD]
    counts = []
    for dataset in (dataset_1, dataset_2):
        classes = np.unique(dataset_classes(dataset, dataset.train_labels))
        hits = confident[np.isin(confident, classes)]
        counts.append((len(hits), len(np.unique(hits))))
    (old, old_classes), (new, new_classes) = counts
    total = len(named)
    return DreamContent(
        old / total, new / total, (total - old - new) / total, old_classes, new_classes
    )
