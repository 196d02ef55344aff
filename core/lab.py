"""What a night is measured with: the same reader and test images from before it to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.before import measure_before
from core.config import RunConfig
from core.data import DatasetPair
from core.evaluation import (
    Measured,
    Probe,
    dream_content,
    make_probe,
    measure,
    pixels,
    recall,
)
from core.events import CuesShown, DreamsMade, ImagesRecalled, Scores, StageEvaluated
from core.measures import SUBSET
from core.reader import DigitReader, load_reader
from core.sleeper import Sleeper
from core.stopping import Check
from core.vae import VAE


@dataclass(frozen=True)
class Lab:
    """The instruments, on the device that the night runs on.

    ``check`` is called before every batch, and raises where the night is to stop.
    """

    pair: DatasetPair
    reader: DigitReader
    probes: tuple[Probe, Probe]
    check: Check

    def evaluate_before(self, vae: VAE, sleepers: tuple[Sleeper, ...]) -> StageEvaluated:
        """Measure ``vae``, from which every seed starts, on all test images."""
        found = [measure_before(vae, probe, self.reader, self.check) for probe in self.probes]
        first, second = (
            _scores(sleepers, [measured] * len(sleepers), "the measure before the night")
            for measured in found
        )
        return StageEvaluated(0, "before", first, second)

    def evaluate(
        self, sleepers: tuple[Sleeper, ...], cycle: int, stage: str, *, everything: bool
    ) -> StageEvaluated:
        """Measure every seed on all test images, or on the fixed subset."""
        first, second = (
            self._measure(
                sleepers, probe if everything else probe.part(SUBSET), f"cycle {cycle}, {stage}"
            )
            for probe in self.probes
        )
        return StageEvaluated(cycle, stage, first, second)

    def _measure(self, sleepers: tuple[Sleeper, ...], probe: Probe, place: str) -> Scores:
        found = [measure(sleeper.vae, probe, self.reader, self.check) for sleeper in sleepers]
        return _scores(sleepers, found, place)

    def cues(self) -> CuesShown:
        """The test images that `recall` starts from a part of."""
        first, second = (probe.cues() for probe in self.probes)
        return CuesShown(
            _array(first.images),
            _array(first.partial()),
            _array(second.images),
            _array(second.partial()),
        )

    def recall(self, vaes: Sequence[VAE], cycle: int) -> ImagesRecalled:
        """What each seed's model makes of the cues."""
        self.check()
        first, second = (
            torch.stack([recall(vae, cues) for vae in vaes])
            for cues in (probe.cues() for probe in self.probes)
        )
        return ImagesRecalled(cycle, _array(first), _array(second))

    def read_dreams(self, dreams: tuple[Tensor, ...], cycle: int) -> DreamsMade:
        """What the reader sees in each seed's ``dreams``, each [num, 1, 28, 28]."""
        content = [
            dream_content(each, self.reader, self.pair.dataset_1, self.pair.dataset_2)
            for each in dreams
        ]
        return DreamsMade(
            cycle,
            tuple(seed.old for seed in content),
            tuple(seed.new for seed in content),
            tuple(seed.neither for seed in content),
            tuple(seed.old_classes for seed in content),
            tuple(seed.new_classes for seed in content),
            _array(pixels(torch.stack(dreams))),
        )


def make_lab(config: RunConfig, pair: DatasetPair, device: torch.device, check: Check) -> Lab:
    """The instruments for ``config``'s night on ``pair``."""
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    return Lab(pair, load_reader().to(device), (first, second), check)


def _scores(sleepers: tuple[Sleeper, ...], found: list[Measured], place: str) -> Scores:
    for sleeper, seed in zip(sleepers, found, strict=True):
        # A stage's last step can spoil the weights after its own loss was finite.
        if not np.isfinite([seed.error, seed.recall_error]).all():
            raise sleeper.diverged("error", place)
    return Scores(
        len(found[0].error),
        tuple(float(seed.error.mean(dtype=np.float64)) for seed in found),
        tuple(float(seed.recall_error.mean(dtype=np.float64)) for seed in found),
        tuple(float(seed.recalled.mean()) for seed in found),
        np.stack([seed.error for seed in found]),
        np.stack([seed.recall_error for seed in found]),
    )


def _array(images: Tensor) -> NDArray[np.uint8]:
    """Images [..., n, 1, 28, 28] as they are shown, [..., n, 28, 28]."""
    return images.squeeze(-3).cpu().numpy()
