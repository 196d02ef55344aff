"""What a night is measured with: the same reader and test images from before it to its end."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.config import RunConfig
from core.data import DatasetPair
from core.evaluation import Probe, dream_content, make_probe, measure
from core.events import DreamsMade, Scores, StageEvaluated
from core.measures import SUBSET
from core.reader import DigitReader, load_reader
from core.sleeper import Sleeper
from core.stopping import Check


@dataclass(frozen=True)
class Lab:
    """The instruments, on the device that the night runs on.

    ``check`` is called before every batch, and raises where the night is to stop.
    """

    pair: DatasetPair
    reader: DigitReader
    probes: tuple[Probe, Probe]
    check: Check

    def evaluate(
        self, sleepers: tuple[Sleeper, ...], cycle: int, stage: str, *, everything: bool
    ) -> StageEvaluated:
        """Measure every seed on all test images, or on the fixed subset."""
        first, second = (
            self._scores(
                sleepers, probe if everything else probe.part(SUBSET), f"cycle {cycle}, {stage}"
            )
            for probe in self.probes
        )
        return StageEvaluated(cycle, stage, first, second)

    def _scores(self, sleepers: tuple[Sleeper, ...], probe: Probe, place: str) -> Scores:
        # Before the night all seeds share one model, which is then measured once.
        measured = {
            vae: measure(vae, probe, self.reader, self.check) for vae in {s.vae for s in sleepers}
        }
        found = [measured[sleeper.vae] for sleeper in sleepers]
        for sleeper, seed in zip(sleepers, found, strict=True):
            # A stage's last step can spoil the weights after its own loss was finite.
            if not np.isfinite([seed.error, seed.recall_error]).all():
                raise sleeper.diverged("error", place)
        return Scores(
            len(probe.images),
            tuple(float(seed.error.mean(dtype=np.float64)) for seed in found),
            tuple(float(seed.recall_error.mean(dtype=np.float64)) for seed in found),
            tuple(float(seed.recalled.mean()) for seed in found),
            np.stack([seed.error for seed in found]),
            np.stack([seed.recall_error for seed in found]),
        )

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
            torch.stack(dreams).squeeze(2).mul(255).round().to(torch.uint8).cpu().numpy(),
        )


def make_lab(config: RunConfig, pair: DatasetPair, device: torch.device, check: Check) -> Lab:
    """The instruments for ``config``'s night on ``pair``."""
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    return Lab(pair, load_reader().to(device), (first, second), check)
