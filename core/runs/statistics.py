"""Summaries of a measure's course over a night: plain functions of numbers, with definitions.

``values`` is one seed's course, index 0 before the night. Errors fall as memory gets better,
accuracies rise.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

EVALUATION_SUBSET = (
    500  # test images of a dataset that serve between the night's first and last measure
)
CUE_IMAGES = 10  # of them that are shown, each recalled from a part after every cycle


def retained(values: Sequence[float], *, higher_is_better: bool) -> float | None:
    """How much of a memory is left: 1 = as before the night, less = worse, more = better.

    Accuracy: last / before. Error: before / last. None where that divides by zero.
    """
    before, last = (values[0], values[-1]) if higher_is_better else (values[-1], values[0])
    return last / before if before else None


def forgetting(values: Sequence[float], *, higher_is_better: bool) -> float:
    """How far the last value lies from the best one so far, in the measure's own unit.

    Accuracy: best - last; error: last - best. Never negative; 0 = never better than now.
    Source: Chaudhry et al. 2018, doi 10.1007/978-3-030-01252-6_33, with the present included.
    """
    return max(values) - values[-1] if higher_is_better else values[-1] - min(values)


def learned(errors: Sequence[float]) -> float | None:
    """The share of the error before the night that is gone: 0 = nothing learned, 1 = all.

    None where there was no error before the night.
    """
    return 1 - errors[-1] / errors[0] if errors[0] else None


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval, None where one seed shows no spread."""

    mean: float
    half_width: float | None


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean and its 95 % confidence interval, from Student's t over the seeds."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Interval(mean, None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Interval(mean, _student(len(values) - 1) * math.sqrt(variance / len(values)))


@functools.cache
def _student(freedom: int) -> float:
    return float(special.stdtrit(freedom, 0.975))


def known_share(error: float, familiar: float, unseen: float) -> float | None:
    """Where an error lies between that of ``unseen`` images, 0, and of ``familiar`` ones, 1.

    Both are the errors before the night: of dataset 2, and of dataset 1. Below 0 for worse than
    unseen, above 1 for better than ever. None where the two do not differ.
    """
    return (unseen - error) / (unseen - familiar) if unseen != familiar else None
