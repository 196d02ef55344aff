"""The digit reader: a small fixed classifier of digit and style.

It has 20 classes: digit + 10 * style, with style 0 light on dark and style 1 dark on light. Recall
accuracy and dream content are computed from its classes. The record of its weights holds its own
accuracy on clean test images.
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
CONFIDENCE_THRESHOLD = 0.5  # an image with a lower probability counts as neither old nor new

DIGIT_READER_PATH = environment.CACHED_WEIGHTS / "digit-reader.safetensors"


class DigitReader(nn.Module):
    """Convolutional classifier: images [batch, 1, 28, 28] in [0, 1] to logits [batch, 20]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.dense1 = nn.Linear(32 * 7 * 7, 64)
        self.dense2 = nn.Linear(64, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float32 [batch, 20], of images [batch, 1, 28, 28] in [0, 1]."""
        hidden = F.relu(self.conv1(images))
        hidden = F.relu(self.conv2(hidden))
        hidden = F.relu(self.dense1(hidden.flatten(1)))
        return self.dense2(hidden)


def load_digit_reader() -> DigitReader:
    """Load the reader included with the program, in evaluation mode and without gradients.

    Raise `WeightsError` if its file is missing or damaged.
    """
    reader = DigitReader()
    load_weights(reader, DIGIT_READER_PATH)
    return reader.eval().requires_grad_(False)


def dataset_classes(dataset: Dataset, labels: Labels) -> NDArray[np.int64]:
    """Return the reader's class, int64 [n], of each digit in ``labels`` in the dataset's style."""
    return labels.astype(np.int64) + DIGITS * dataset.inverted


def classify(reader: DigitReader, images: Tensor) -> tuple[Tensor, Tensor]:
    """Classify images [n, 1, 28, 28] in [0, 1].

    Return the most probable class, int64 [n], and its probability, float32 [n].
    """
    probabilities, classes = F.softmax(reader(images), dim=1).max(dim=1)
    return classes, probabilities
