"""The events of a run as typed values.

Everything that shows a run is derived from its events. Cycles count from 1; cycle 0 is before the
night. Values per seed follow the order of the config's seeds.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.schedule.hypnogram import Cycle


@dataclass(frozen=True)
class PretrainingAdvanced:
    """Progress of pre-training, which runs before the night if no weights are available.

    Attributes
    ----------
    step : int
        Gradient steps done, from 1.
    steps : int
        Gradient steps of the whole pre-training.
    epoch : int
        Current epoch, from 1.
    epochs : int
        Epochs of the whole pre-training.
    loss : float
        Mean training loss of the epoch so far, in nats per image.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float


@dataclass(frozen=True)
class WeightsUsed:
    """The weights that a night starts from.

    Attributes
    ----------
    origin : str
        "cached", "pre-trained" or "given".
    file : str
        Name of the weights file.
    sha256 : str
        SHA-256 of the file, in hexadecimal.
    """

    origin: str
    file: str
    sha256: str


@dataclass(frozen=True)
class NightStarted:
    """The start of a night, with all settings that are needed to reproduce its numbers.

    The number of seeds and batches that are processed in parallel does not change the numbers, so
    it is not stored.

    Attributes
    ----------
    config : dict
        The run's config as JSON values.
    cycles : tuple of Cycle
        The schedule.
    dataset_1 : str
        Name of the old memories' dataset.
    dataset_2 : str
        Name of the new memories' dataset.
    weights : WeightsUsed
        The weights that the night starts from.
    device : str
        Torch device, such as "cpu".
    threads : int
        Torch threads per operation.
    versions : dict of str to str
        Versions of the libraries, by name.
    device_note : str, default ""
        Why the self-check of an accelerator failed. Logs of earlier versions do not have it.
    """

    config: dict[str, Any]
    cycles: tuple[Cycle, ...]
    dataset_1: str
    dataset_2: str
    weights: WeightsUsed
    device: str
    threads: int
    versions: dict[str, str]
    device_note: str = ""

    @functools.cached_property  # a state's progress reads it at every update
    def epochs(self) -> int:
        """The number of epochs of the night, over all cycles."""
        return sum(cycle.epochs for cycle in self.cycles)


@dataclass(frozen=True, eq=False)
class CuesShown:
    """The test images whose recall is shown, and their partial versions.

    All runs with the same split, data source and mask use the same images. They are ordered by
    digit, and each digit is equally frequent. The same pixels are hidden as in measurements. Logs
    of earlier versions do not have this event.

    Attributes
    ----------
    original_1 : ndarray of uint8
        Test images of the old memories, [images, 28, 28].
    partial_1 : ndarray of uint8
        Their partial versions, of the same shape.
    original_2 : ndarray of uint8
        Test images of the new memories, [images, 28, 28].
    partial_2 : ndarray of uint8
        Their partial versions, of the same shape.
    """

    original_1: NDArray[np.uint8]
    partial_1: NDArray[np.uint8]
    original_2: NDArray[np.uint8]
    partial_2: NDArray[np.uint8]


@dataclass(frozen=True)
class NightResumed:
    """The night continues after ``cycle``, its last finished one; later events are discarded."""

    cycle: int
    versions: dict[str, str]


@dataclass(frozen=True)
class StageStarted:
    """The start of a stage.

    Attributes
    ----------
    cycle : int
        Number of the cycle, from 1.
    stage : str
        "NREM" or "REM".
    epochs : int
        Epochs of the stage.
    steps : int
        Gradient steps per seed.
    """

    cycle: int
    stage: str
    epochs: int
    steps: int


@dataclass(frozen=True)
class EpochDone:
    """The losses of an epoch: means over its images, in nats per image, one value per seed.

    Attributes
    ----------
    cycle : int
        Number of the cycle, from 1.
    stage : str
        "NREM" or "REM".
    epoch : int
        Number of the epoch in its stage, from 1.
    total : tuple of float
        Training loss: ``reconstruction`` + ``kl``.
    reconstruction : tuple of float
        Binary cross-entropy, summed over pixels.
    kl : tuple of float
        Kullback-Leibler divergence from the prior, summed over latents.
    """

    cycle: int
    stage: str
    epoch: int
    total: tuple[float, ...]
    reconstruction: tuple[float, ...]
    kl: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Scores:
    """All measures of one dataset; `core.runs.measures` defines them.

    Attributes
    ----------
    images : int
        Number of test images.
    error : tuple of float
        Reconstruction error, one mean per seed.
    recall_error : tuple of float
        Recall error, one mean per seed.
    recall_accuracy : tuple of float
        Recall accuracy in [0, 1], one value per seed.
    error_per_image : ndarray of float32
        Reconstruction error of every image, [seeds, images].
    recall_error_per_image : ndarray of float32
        Recall error of every image, [seeds, images].
    """

    images: int
    error: tuple[float, ...]
    recall_error: tuple[float, ...]
    recall_accuracy: tuple[float, ...]
    error_per_image: NDArray[np.float32]
    recall_error_per_image: NDArray[np.float32]


@dataclass(frozen=True)
class StageEvaluated:
    """The measures of both datasets after a stage.

    Attributes
    ----------
    cycle : int
        Number of the cycle; 0 before the night.
    stage : str
        "NREM" or "REM"; "before" before the night.
    dataset_1 : Scores
        Measures of the old memories.
    dataset_2 : Scores
        Measures of the new memories.
    """

    cycle: int
    stage: str
    dataset_1: Scores
    dataset_2: Scores


@dataclass(frozen=True, eq=False)
class DreamsMade:
    """The dreams of a REM stage, and how the digit reader classifies them.

    Attributes
    ----------
    cycle : int
        Number of the cycle, from 1.
    old : tuple of float
        Share of dreams that show old memories, one value per seed.
    new : tuple of float
        Share of dreams that show new memories.
    neither : tuple of float
        Share of the remaining dreams.
    old_classes : tuple of int
        Number of different classes of old memories among the dreams, one value per seed.
    new_classes : tuple of int
        Number of different classes of new memories.
    images : ndarray of uint8
        The dreams, [seeds, num, 28, 28].
    """

    cycle: int
    old: tuple[float, ...]
    new: tuple[float, ...]
    neither: tuple[float, ...]
    old_classes: tuple[int, ...]
    new_classes: tuple[int, ...]
    images: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImagesRecalled:
    """The recall of the partial images of `CuesShown` at the end of a cycle.

    Attributes
    ----------
    cycle : int
        Number of the cycle; 0 before the night.
    dataset_1 : ndarray of uint8
        Recalled images of the old memories, [seeds, images, 28, 28].
    dataset_2 : ndarray of uint8
        Recalled images of the new memories, of the same shape.
    """

    cycle: int
    dataset_1: NDArray[np.uint8]
    dataset_2: NDArray[np.uint8]


@dataclass(frozen=True)
class CycleDone:
    """The end of a cycle, whose values are those of its last `StageEvaluated`."""

    cycle: int


@dataclass(frozen=True)
class NightDone:
    """The end of the night. ``seconds`` of training and evaluation, without imports and loading."""

    seconds: float


@dataclass(frozen=True)
class NightStopped:
    """The night was stopped on request. Finished cycles are kept; the night can be resumed."""


@dataclass(frozen=True)
class NightFailed:
    """The night failed, for the reason in ``sentence``."""

    sentence: str


Event = (
    PretrainingAdvanced
    | NightStarted
    | CuesShown
    | NightResumed
    | StageStarted
    | EpochDone
    | StageEvaluated
    | DreamsMade
    | ImagesRecalled
    | CycleDone
    | NightDone
    | NightStopped
    | NightFailed
)
