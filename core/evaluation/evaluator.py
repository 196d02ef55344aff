"""What a night is measured with: the same reader and test images from before it to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data import DatasetPair
from core.ensemble import Ensemble
from core.evaluation.before_night_cache import measure_before_night
from core.evaluation.dream_content import dream_content
from core.evaluation.measure import Measured, measure, pixels, recall
from core.evaluation.probe import Probe, make_probe
from core.model.digit_reader import DigitReader, load_digit_reader
from core.model.vae import VAE
from core.runs.events import CuesShown, DreamsMade, ImagesRecalled, Scores, StageEvaluated
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.support.stopping import Check, never
from core.support.threads import ThreadBudget, one_thread


@dataclass(frozen=True)
class Evaluator:
    """The instruments, on the device that the night runs on.

    ``check`` is called before every batch, and raises where the night is to stop; ``threads``
    tells how many batches may be measured side by side now.
    """

    pair: DatasetPair
    reader: DigitReader
    probes: tuple[Probe, Probe]
    check: Check
    threads: ThreadBudget

    def evaluate_before(self, vae: VAE, ensemble: Ensemble) -> StageEvaluated:
        """Measure ``vae``, from which every seed starts, on all test images."""
        found = [
            measure_before_night(vae, probe, self.reader, self.check, self.threads())
            for probe in self.probes
        ]
        first, second = (
            _scores(ensemble, [measured] * len(ensemble.seeds), "the measure before the night")
            for measured in found
        )
        return StageEvaluated(0, "before", first, second)

    def evaluate(
        self, ensemble: Ensemble, cycle: int, stage: str, *, everything: bool
    ) -> StageEvaluated:
        """Measure every seed on all test images, or on the fixed subset."""
        vaes = ensemble.vaes()
        scores = []
        for probe in self.probes:
            part = probe if everything else probe.part(EVALUATION_SUBSET)
            found = [
                measure(vae, part, self.reader, self.check, threads=self.threads()) for vae in vaes
            ]
            scores.append(_scores(ensemble, found, f"cycle {cycle}, {stage}"))
        return StageEvaluated(cycle, stage, *scores)

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

    def read_dreams(self, dreams: Tensor, cycle: int) -> DreamsMade:
        """What the reader sees in each seed's ``dreams`` [seeds, num, 1, 28, 28]."""
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
            _array(pixels(dreams)),
        )


def make_evaluator(
    config: RunConfig,
    pair: DatasetPair,
    device: torch.device,
    check: Check = never,
    threads: ThreadBudget = one_thread,
) -> Evaluator:
    """The instruments for ``config``'s night on ``pair``."""
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    return Evaluator(pair, load_digit_reader().to(device), (first, second), check, threads)


def _scores(ensemble: Ensemble, found: list[Measured], where: str) -> Scores:
    for place, seed in enumerate(found):
        # A stage's last step can spoil the weights after its own loss was finite.
        if not np.isfinite([seed.error, seed.recall_error]).all():
            raise ensemble.diverged(place, "error", where)
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
