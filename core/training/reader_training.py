"""Training of the digit reader, whose weights ship with the program."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.data import Dataset, DatasetPair
from core.data.fingerprints import outside_bundled_test, save_fingerprints
from core.data.splits import Images, Labels
from core.model.digit_reader import DIGITS, DigitReader, classify, dataset_classes
from core.model.vae import initialise
from core.model.weights import save_weights
from core.runs.events import PretrainingAdvanced
from core.support.random_streams import Purpose, random_stream
from core.support.versions import versions

_BATCH = 128
_EPOCHS = 4
_LR = 0.001
_OUTLIERS = 16  # per batch
_OUTLIER_WEIGHT = 0.1
_PROGRESS_EVERY = 25  # steps


def train_reader(
    images: Images, labels: Labels, seed: int
) -> Generator[PretrainingAdvanced, None, DigitReader]:
    """Train a digit reader on images in both styles.

    Half of the images are blurred, as recalled images are. Every batch also holds images without a
    digit (grey noise), for which every class is an equally likely target, so that the reader is
    uncertain of images that are neither old nor new memories.

    Parameters
    ----------
    images : ndarray
        Light digits on dark, uint8 [n, 28, 28].
    labels : ndarray
        Their digits, uint8 [n].
    seed : int
        Seed of initial weights, order, blur and noise.

    Yields
    ------
    PretrainingAdvanced
        Progress, every 25 steps and at the end of each epoch.

    Returns
    -------
    DigitReader
        The trained reader, in evaluation mode.

    References
    ----------
    Outlier exposure: Hendrycks et al. 2019, arXiv 1812.04606. Learning rate: 1cycle policy, Smith &
    Topin 2018, arXiv 1708.07120.
    """
    reader = DigitReader()
    initialise(reader, random_stream(seed, Purpose.INITIAL_WEIGHTS))
    adam = torch.optim.Adam(reader.parameters(), lr=_LR, fused=True)
    both_styles = torch.from_numpy(np.concatenate([images, 255 - images])).unsqueeze(1)
    classes = torch.from_numpy(np.concatenate([labels, labels + DIGITS]).astype(np.int64))
    count = len(both_styles)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, max_lr=3 * _LR, total_steps=_EPOCHS * -(-count // _BATCH)
    )
    step = 0
    for epoch in range(_EPOCHS):
        order = torch.from_numpy(random_stream(seed, Purpose.SHUFFLE, epoch).permutation(count))
        batches = order.split(_BATCH)
        for index, chosen in enumerate(batches):
            batch = both_styles[chosen].float().div_(255)
            rng = random_stream(seed, Purpose.OUTLIERS, epoch, index)
            outliers = _outliers(rng)
            batch = _blur_half(batch, rng)
            logits = reader(torch.cat([batch, outliers]))
            digit_logits, outlier_logits = logits[: len(chosen)], logits[len(chosen) :]
            loss = F.cross_entropy(digit_logits, classes[chosen])
            loss = loss - _OUTLIER_WEIGHT * F.log_softmax(outlier_logits, dim=1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            step += 1
            if index % _PROGRESS_EVERY == 0 or index + 1 == len(batches):
                yield PretrainingAdvanced(
                    step, _EPOCHS * len(batches), epoch + 1, _EPOCHS, float(loss.detach())
                )
    return reader.eval().requires_grad_(False)


def train_reader_to_file(
    pair: DatasetPair, seed: int, path: Path
) -> Generator[PretrainingAdvanced, None, None]:
    """Train a digit reader on dataset 1's images in both styles and write it and its record.

    Images of the bundled test set are never trained on, whatever the source.

    Parameters
    ----------
    pair : DatasetPair
        Datasets of the split "inverted".
    seed : int
        Seed of the training.
    path : Path
        File for the weights; the record gets the suffix ``.json``.

    Yields
    ------
    PretrainingAdvanced
        Progress.
    """
    allowed = outside_bundled_test(pair.dataset_1.train)
    images, labels = pair.dataset_1.train[allowed], pair.dataset_1.train_labels[allowed]
    reader = yield from train_reader(images, labels, seed)
    record = {
        "source": pair.source,
        "seed": seed,
        "epochs": _EPOCHS,
        "classes": "digit + 10 x style, style 1 being dark on light",
        "training_images": save_fingerprints(images, f"{pair.split}-{pair.source}", path.parent),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "test_accuracy": {
            style: clean_accuracy(reader, dataset)
            for style, dataset in (("light_on_dark", pair.dataset_1), ("inverted", pair.dataset_2))
        },
        "test_images": len(pair.dataset_1.test),
    }
    save_weights(reader, path, record)


@torch.inference_mode()
def clean_accuracy(reader: DigitReader, dataset: Dataset) -> float:
    """Return the share of test images that the reader names with the right digit and style."""
    images = torch.from_numpy(dataset.test).unsqueeze(1).float().div_(255)
    named = torch.cat([classify(reader, batch)[0] for batch in images.split(500)]).numpy()
    return float((named == dataset_classes(dataset, dataset.test_labels)).mean())


def _blur_half(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur a random half of ``images`` [n, 1, 28, 28], as a VAE blurs what it recalls."""
    chosen = torch.from_numpy(rng.random(len(images)) < 0.5)
    weights = torch.from_numpy(rng.uniform(0.05, 0.2, 4).astype(np.float32))
    blurred = images
    for weight, axis in zip(weights, (2, 3, 2, 3), strict=True):
        neighbours = (blurred.roll(1, axis) + blurred.roll(-1, axis)) * weight
        blurred = blurred * (1 - 2 * weight) + neighbours
    return torch.where(chosen.view(-1, 1, 1, 1), blurred, images)


def _outliers(rng: np.random.Generator) -> Tensor:
    """Return images without a digit: noisy grey of random shade, [16, 1, 28, 28] in [0, 1]."""
    shade = rng.uniform(0, 1, (_OUTLIERS, 1, 1, 1))
    amount = rng.uniform(0, 0.5, (_OUTLIERS, 1, 1, 1))
    grey = shade + amount * rng.standard_normal((_OUTLIERS, 1, 28, 28))
    return torch.from_numpy(grey.clip(0, 1).astype(np.float32))
