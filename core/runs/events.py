"""What happens in a run, as typed values. Everything that shows a run reads these and only these.

Cycles count from 1; cycle 0 is before the night. Per-seed tuples follow the config's seeds.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.schedule.hypnogram import Cycle


@dataclass(frozen=True)
class PretrainingAdvanced:
    """Pre-training, which comes first where no weights are at hand. ``loss`` in nats an image."""

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float


@dataclass(frozen=True)
class WeightsUsed:
    """The weights a night starts from: where from, and the SHA-256 of the file."""

    origin: str  # "cached", "pre-trained" or "given"
    file: str
    sha256: str


@dataclass(frozen=True)
class NightStarted:
    """The whole setting of the night: enough to run it again and get the same numbers.

    ``threads`` is
    how many torch shared one operation out to; how many seeds and batches were worked on at a time
    changes nothing.
    """

    config: dict[str, Any]
    cycles: tuple[Cycle, ...]
    dataset_1: str
    dataset_2: str
    weights: WeightsUsed
    device: str
    threads: int
    versions: dict[str, str]
    device_note: str = ""  # on a self-check of an accelerator that failed; logs may lack it

    @functools.cached_property  # a state's progress needs it at every update
    def epochs(self) -> int:
        """The night's epochs over all cycles."""
        return sum(cycle.epochs for cycle in self.cycles)


@dataclass(frozen=True, eq=False)
class CuesShown:
    """The test images that every night of a split, data source and mask recalls from a part.

    All uint8 [images, 28, 28], in the order of their digits, each digit equally often. The
    partial ones are hidden as for measuring. Logs from before there were any have none.
    """

    original_1: NDArray[np.uint8]
    partial_1: NDArray[np.uint8]
    original_2: NDArray[np.uint8]
    partial_2: NDArray[np.uint8]


@dataclass(frozen=True)
class NightResumed:
    """The night goes on after ``cycle``, the last that is kept; what came later is slept again."""

    cycle: int
    versions: dict[str, str]


@dataclass(frozen=True)
class StageStarted:
    """A stage begins: ``stage`` is "NREM" or "REM", ``steps`` the gradient steps of one seed."""

    cycle: int
    stage: str
    epochs: int
    steps: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch's mean losses in nats an image, one value a seed; ``epoch`` counts from 1."""

    cycle: int
    stage: str
    epoch: int
    total: tuple[float, ...]
    reconstruction: tuple[float, ...]
    kl: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Scores:
    """One dataset's measures over ``images`` test images, one value a seed (see `evaluation`).

    The arrays hold the same per image, float32 [seeds, images], for histograms.
    """

    images: int
    error: tuple[float, ...]
    recall_error: tuple[float, ...]
    recall_accuracy: tuple[float, ...]
    error_per_image: NDArray[np.float32]
    recall_error_per_image: NDArray[np.float32]


@dataclass(frozen=True)
class StageEvaluated:
    """Both datasets' measures after a stage; cycle 0 and stage "before": before the night."""

    cycle: int
    stage: str
    dataset_1: Scores
    dataset_2: Scores


@dataclass(frozen=True, eq=False)
class DreamsMade:
    """A REM stage's dreams: uint8 [seeds, num, 28, 28], and what the reader sees in them.

    ``old``, ``new`` and ``neither`` are shares; ``old_classes`` and ``new_classes`` count the
    classes that appear.
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
    """What each seed's model makes of the partial images of `CuesShown` at the end of a cycle.

    Both uint8 [seeds, images, 28, 28]; cycle 0: before the night.
    """

    cycle: int
    dataset_1: NDArray[np.uint8]
    dataset_2: NDArray[np.uint8]


@dataclass(frozen=True)
class CycleDone:
    """A cycle is over; its values are those of its last `StageEvaluated`."""

    cycle: int


@dataclass(frozen=True)
class NightDone:
    """The night is over. ``seconds`` counts training and evaluation, not imports and loading."""

    seconds: float


@dataclass(frozen=True)
class NightStopped:
    """Somebody stopped the night; its finished cycles are kept, and it can be resumed."""


@dataclass(frozen=True)
class NightFailed:
    """The night could not go on, for the reason in ``sentence``."""

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
