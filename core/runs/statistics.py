"""Statistics of a measure over a night and over seeds.

``values`` are the values of one seed by cycle; index 0 is before the night.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

# Test images per dataset in measurements other than the first and the last of a night.
EVALUATION_SUBSET = 500
CUE_IMAGES = 10  # test images per dataset whose recall is shown after every cycle


def retained(values: Sequence[float], *, higher_is_better: bool) -> float | None:
    """Return the retained share of a memory: 1 is as good as before the night, 0 is nothing.

    It is last / first value for an accuracy and first / last value for an error. Values above 1
    are an improvement. None if the denominator is 0.
    """
    first, last = values[0], values[-1]
    numerator, denominator = (last, first) if higher_is_better else (first, last)
    return numerator / denominator if denominator else None


def forgetting(values: Sequence[float], *, higher_is_better: bool) -> float:
    """Return the distance of the last value from the best value, in the unit of the measure.

    It is best - last value for an accuracy and last - best value for an error, and never negative.

    References
    ----------
    Chaudhry et al. 2018, doi 10.1007/978-3-030-01252-6_33. Their definition excludes the last
    value from the best; this one includes it.
    """
    return max(values) - values[-1] if higher_is_better else values[-1] - min(values)


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and the half-width of its 95 % confidence interval, None for one seed."""

    mean: float
    half_width: float | None


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean of one value per seed and its 95 % confidence interval.

    The interval is that of Student's t distribution with n - 1 degrees of freedom: the half-width
    is t(0.975) * s / sqrt(n), where s is the sample standard deviation.
    """
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Interval(mean, None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Interval(mean, _t_quantile(len(values) - 1) * math.sqrt(variance / len(values)))


@functools.cache
def _t_quantile(degrees_of_freedom: int) -> float:
    return float(special.stdtrit(degrees_of_freedom, 0.975))


def known_share(error: float, familiar: float, unseen: float) -> float | None:
    """Return where an error lies between that of unseen images (0) and of familiar images (1).

    Parameters
    ----------
    error : float
        The error to rescale.
    familiar : float
        Error of the old memories before the night.
    unseen : float
        Error of the new memories before the night.

    Returns
    -------
    float or None
        Below 0 if the error is larger than ``unseen``, above 1 if it is smaller than
        ``familiar``. None if both reference errors are equal.
    """
    return (unseen - error) / (unseen - familiar) if unseen != familiar else None
