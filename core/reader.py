"""The digit reader: a small fixed classifier that names a digit and its style.

Its 20 classes are digit + 10 x style, style 1 being dark on light. Recall accuracy and dream
content are what it says; its own accuracy on clean test images is in the JSON beside its weights.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core import settings
from core.data.splits import Images, Labels
from core.draws import Purpose, stream
from core.pretraining import PretrainingProgress
from core.vae import initialise
from core.weights import load_weights

DIGITS = 10
CLASSES = 2 * DIGITS
CONFIDENT = 0.5  # below this probability an image is named neither old nor new

PATH = settings.CACHED_WEIGHTS / "digit-reader.safetensors"

_BATCH = 128
_EPOCHS = 4
_LR = 0.001
_OUTLIERS = 16  # per batch


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


def load_reader() -> DigitReader:
    """The reader that ships with the program; raises `WeightsError` if its file is damaged."""
    reader = DigitReader()
    load_weights(reader, PATH)
    return reader.eval().requires_grad_(False)


def train_reader(images: Images, labels: Labels, seed: int) -> Iterator[PretrainingProgress]:
    """Train a reader on ``images`` (uint8 [n, 28, 28]) in both styles, yielding progress.

    Beside them it sees images that are no digit (blends of a digit with an inverted one, grey
    noise) with every class equally likely as the target, so that it is unsure of what is neither
    (outlier exposure: Hendrycks et al. 2019, arXiv 1812.04606). The generator returns the reader.
    """
    reader = DigitReader()
    initialise(reader, stream(seed, Purpose.INITIAL_WEIGHTS))
    adam = torch.optim.Adam(reader.parameters(), lr=_LR, fused=True)
    both = torch.from_numpy(np.concatenate([images, 255 - images])).unsqueeze(1)
    classes = torch.from_numpy(np.concatenate([labels, labels + DIGITS]).astype(np.int64))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, max_lr=3 * _LR, total_steps=_EPOCHS * -(-len(both) // _BATCH)
    )
    step = 0
    for epoch in range(_EPOCHS):
        order = torch.from_numpy(stream(seed, Purpose.SHUFFLE, epoch).permutation(len(both)))
        batches = order.split(_BATCH)
        for index, chosen in enumerate(batches):
            pictures = both[chosen].float().div_(255)
            rng = stream(seed, Purpose.OUTLIERS, epoch, index)
            outliers = _outliers(rng)
            pictures = _soften(pictures, rng)
            logits = reader(torch.cat([pictures, outliers]))
            named, unsure = logits[: len(chosen)], logits[len(chosen) :]
            loss = F.cross_entropy(named, classes[chosen])
            loss = loss - 0.1 * F.log_softmax(unsure, dim=1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            step += 1
            if index % 25 == 0 or index + 1 == len(batches):
                yield PretrainingProgress(
                    step, _EPOCHS * len(batches), epoch + 1, _EPOCHS, float(loss.detach())
                )
    return reader.eval().requires_grad_(False)


def _soften(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur a random half of ``pictures`` [n, 1, 28, 28], as a VAE blurs what it recalls."""
    chosen = torch.from_numpy(rng.random(len(pictures)) < 0.5)
    weights = torch.from_numpy(rng.uniform(0.05, 0.2, 4).astype(np.float32))
    blurred = pictures
    for weight, axis in zip(weights, (2, 3, 2, 3), strict=True):
        near = (blurred.roll(1, axis) + blurred.roll(-1, axis)) * weight
        blurred = blurred * (1 - 2 * weight) + near
    return torch.where(chosen.view(-1, 1, 1, 1), blurred, pictures)


def _outliers(rng: np.random.Generator) -> Tensor:
    """Images that are no digit, [16, 1, 28, 28]: grey of any shade with any amount of noise."""
    shade = rng.uniform(0, 1, (_OUTLIERS, 1, 1, 1))
    amount = rng.uniform(0, 0.5, (_OUTLIERS, 1, 1, 1))
    grey = shade + amount * rng.standard_normal((_OUTLIERS, 1, 28, 28))
    return torch.from_numpy(grey.clip(0, 1).astype(np.float32))


def read(reader: DigitReader, images: Tensor) -> tuple[Tensor, Tensor]:
    """The class (int64 [n]) and its probability (float32 [n]) for images [n, 1, 28, 28]."""
    confidence, named = F.softmax(reader(images), dim=1).max(dim=1)
    return named, confidence
