"""The digit reader: a small fixed classifier that names a digit and its style.

Its 20 classes are digit + 10 x style, style 1 being dark on light. Recall accuracy and dream
content are what it says; its own accuracy on clean test images is in the JSON beside its weights.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from core.data import Dataset
from core.data.splits import Labels
from core.model.weights import load_weights
from core.support import environment

DIGITS = 10
CLASSES = 2 * DIGITS
CONFIDENT = 0.5  # below this probability an image is named neither old nor new

PATH = environment.CACHED_WEIGHTS / "digit-reader.safetensors"


class DigitReader(nn.Module):
    """Images [batch, 1, 28, 28] in [0, 1] -> logits [batch, 20]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.dense1 = nn.Linear(32 * 7 * 7, 64)
        self.dense2 = nn.Linear(64, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.conv1(images))
        hidden = F.relu(self.conv2(hidden))
        hidden = F.relu(self.dense1(hidden.flatten(1)))
        return self.dense2(hidden)


def load_digit_reader() -> DigitReader:
    """The reader that ships with the program; raises `WeightsError` if its file is damaged."""
    reader = DigitReader()
    load_weights(reader, PATH)
    return reader.eval().requires_grad_(False)


def dataset_classes(dataset: Dataset, labels: Labels) -> NDArray[np.int64]:
    """The reader's class for each of ``labels`` in ``dataset``'s style."""
    return labels.astype(np.int64) + DIGITS * dataset.inverted


def classify(reader: DigitReader, images: Tensor) -> tuple[Tensor, Tensor]:
    """The class (int64 [n]) and its probability (float32 [n]) for images [n, 1, 28, 28]."""
    confidence, named = F.softmax(reader(images), dim=1).max(dim=1)
    return named, confidence
