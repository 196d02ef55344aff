"""Measurements of a night: the same digit reader and test images from its start to its end."""

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
from core.evaluation.measure import Measured, measure, recall, to_uint8
from core.evaluation.probe import Probe, build_probe
from core.model.digit_reader import DigitReader, load_digit_reader
from core.model.vae import VAE
from core.runs.events import CuesShown, DreamsMade, ImagesRecalled, Scores, StageEvaluated
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.support.stopping import Check, never
from core.support.threads import ThreadBudget, one_thread


@dataclass(frozen=True)
class Evaluator:
    """Everything that a night is measured with, on the night's device.

    Attributes
    ----------
    pair : DatasetPair
        Old and new memories.
    reader : DigitReader
        Classifier of recalled images and dreams.
    probes : tuple of Probe
        Test images of old and of new memories.
    check : Check
        Called before every batch; it may raise.
    threads : ThreadBudget
        Returns the number of batches to measure in parallel now.
    """

    pair: DatasetPair
    reader: DigitReader
    probes: tuple[Probe, Probe]
    check: Check
    threads: ThreadBudget

    def evaluate_initial_model(self, vae: VAE, ensemble: Ensemble) -> StageEvaluated:
        """Measure ``vae``, from which every seed of ``ensemble`` starts, on all test images."""
        old, new = (
            measure_before_night(vae, probe, self.reader, self.check, self.threads())
            for probe in self.probes
        )
        scores_1, scores_2 = (
            _scores(ensemble, [measured] * len(ensemble.seeds), "the measurement before the night")
            for measured in (old, new)
        )
        return StageEvaluated(0, "before", scores_1, scores_2)

    def evaluate(self, ensemble: Ensemble, cycle: int, stage: str, *, full: bool) -> StageEvaluated:
        """Measure every seed's model after a stage.

        Parameters
        ----------
        ensemble : Ensemble
            Models to measure.
        cycle : int
            Number of the cycle, from 1.
        stage : str
            "NREM" or "REM".
        full : bool
            Whether to use all test images; otherwise the fixed subset of `EVALUATION_SUBSET`.

        Returns
        -------
        StageEvaluated
            Measures of both datasets.

        Raises
        ------
        DivergedError
            If an error of a seed is not finite.
        """
        vaes = ensemble.vaes()
        scores = []
        for probe in self.probes:
            images = probe if full else probe.subset(EVALUATION_SUBSET)
            measured = [
                measure(vae, images, self.reader, self.check, threads=self.threads())
                for vae in vaes
            ]
            scores.append(_scores(ensemble, measured, f"cycle {cycle}, {stage}"))
        return StageEvaluated(cycle, stage, *scores)

    def cues(self) -> CuesShown:
        """Return the test images that `recall` uses, in full and partial."""
        old, new = (probe.cues() for probe in self.probes)
        return CuesShown(
            _to_array(old.images),
            _to_array(old.partial()),
            _to_array(new.images),
            _to_array(new.partial()),
        )

    def recall(self, vaes: Sequence[VAE], cycle: int) -> ImagesRecalled:
        """Return every model's recall from the partial images of `cues`; one model per seed."""
        self.check()
        old, new = (
            torch.stack([recall(vae, cues) for vae in vaes])
            for cues in (probe.cues() for probe in self.probes)
        )
        return ImagesRecalled(cycle, _to_array(old), _to_array(new))

    def classify_dreams(self, dreams: Tensor, cycle: int) -> DreamsMade:
        """Return the content of every seed's ``dreams`` [seeds, num, 1, 28, 28] in [0, 1]."""
        content = [
            dream_content(seed_dreams, self.reader, self.pair.dataset_1, self.pair.dataset_2)
            for seed_dreams in dreams
        ]
        return DreamsMade(
            cycle,
            tuple(seed.old for seed in content),
            tuple(seed.new for seed in content),
            tuple(seed.neither for seed in content),
            tuple(seed.old_classes for seed in content),
            tuple(seed.new_classes for seed in content),
            _to_array(to_uint8(dreams)),
        )


def build_evaluator(
    config: RunConfig,
    pair: DatasetPair,
    device: torch.device,
    check: Check = never,
    threads: ThreadBudget = one_thread,
) -> Evaluator:
    """Return the evaluator of a night.

    Parameters
    ----------
    config : RunConfig
        Settings; the mask and its fraction decide the partial images.
    pair : DatasetPair
        Old and new memories.
    device : torch.device
        Device of the night's models.
    check : Check, optional
        Called before every batch; it may raise.
    threads : ThreadBudget, optional
        Returns the number of batches to measure in parallel now; by default 1.

    Returns
    -------
    Evaluator
        With the digit reader and both probes on ``device``.

    Raises
    ------
    WeightsError
        If the digit reader's file is damaged.
    """
    old, new = (
        build_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    return Evaluator(pair, load_digit_reader().to(device), (old, new), check, threads)


def _scores(ensemble: Ensemble, measured: list[Measured], position: str) -> Scores:
    """Return one dataset's measures of all seeds; raises `DivergedError` if one is not finite."""
    for index, seed in enumerate(measured):
        # A stage's last step can ruin the weights although its own loss was finite.
        if not np.isfinite([seed.error, seed.recall_error]).all():
            raise ensemble.divergence(index, "error", position)
    return Scores(
        len(measured[0].error),
        tuple(float(seed.error.mean(dtype=np.float64)) for seed in measured),
        tuple(float(seed.recall_error.mean(dtype=np.float64)) for seed in measured),
        tuple(float(seed.recalled.mean()) for seed in measured),
        np.stack([seed.error for seed in measured]),
        np.stack([seed.recall_error for seed in measured]),
    )


def _to_array(images: Tensor) -> NDArray[np.uint8]:
    """Return images [..., n, 1, 28, 28] as an array [..., n, 28, 28]."""
    return images.squeeze(-3).cpu().numpy()
