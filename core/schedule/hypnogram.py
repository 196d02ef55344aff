"""Hypnogram of a night: the numbers of NREM and REM epochs in each cycle.

These are pure functions of the config. In every cycle the NREM stage comes first, then REM.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from core.schedule.config import RunConfig


class Stage(StrEnum):
    """A stage of a cycle."""

    NREM = "NREM"
    REM = "REM"


class Cycle(NamedTuple):
    """One cycle of a hypnogram.

    Attributes
    ----------
    rem_fraction : float
        Requested REM fraction, 0 to 1.
    nrem_epochs, rem_epochs : int
        Scheduled epochs of each stage.
    """

    rem_fraction: float
    nrem_epochs: int
    rem_epochs: int

    @property
    def epochs(self) -> int:
        """Scheduled epochs of both stages."""
        return self.nrem_epochs + self.rem_epochs

    @property
    def stages(self) -> tuple[tuple[Stage, int], ...]:
        """Stages with at least one epoch and their epochs, NREM before REM."""
        both = ((Stage.NREM, self.nrem_epochs), (Stage.REM, self.rem_epochs))
        return tuple((stage, epochs) for stage, epochs in both if epochs)


@dataclass(frozen=True)
class Dose:
    """Requested and scheduled amounts of training in a night.

    Attributes
    ----------
    requested_epochs : int
        Requested epochs of the night.
    requested_rem_fraction : float
        Requested REM fraction, the mean over cycles.
    nrem_epochs, rem_epochs : int
        Scheduled epochs of each stage, summed over cycles.
    nrem_steps, rem_steps : int
        Scheduled gradient steps of each stage, per seed.
    """

    requested_epochs: int
    requested_rem_fraction: float
    nrem_epochs: int
    rem_epochs: int
    nrem_steps: int
    rem_steps: int

    @property
    def epochs(self) -> int:
        """Scheduled epochs of the night."""
        return self.nrem_epochs + self.rem_epochs

    @property
    def scheduled_rem_fraction(self) -> float:
        """Scheduled REM fraction: REM epochs as a fraction of all scheduled epochs."""
        return self.rem_epochs / self.epochs


Hypnogram = tuple[Cycle, ...]


def hypnogram(config: RunConfig) -> Hypnogram:
    """Return the hypnogram of the night that ``config`` describes."""
    fractions = rem_fractions(config.num_cycles, config.start_fraction_rem, config.end_fraction_rem)
    schedule = _exact if config.rounding == "exact" else _original
    return schedule(config.total_eps, fractions)


def rem_fractions(num_cycles: int, start: float, end: float) -> tuple[float, ...]:
    """Return the requested REM fraction of each cycle, linear from ``start`` to ``end``.

    Cycle c has ``start + (end - start) * c / (num_cycles - 1)``. A night of a single cycle has
    ``start``, where the reference simulation divides by zero.

    Parameters
    ----------
    num_cycles : int
        Number of cycles, from 1.
    start, end : float
        REM fraction of the first and of the last cycle, 0 to 1.

    Returns
    -------
    tuple of float
        One fraction per cycle.

    References
    ----------
    Reference simulation: https://github.com/ellie-as/sleep-continual-learning, commit fa0851d.
    """
    steps = max(num_cycles - 1, 1)
    return tuple(start + (end - start) * cycle / steps for cycle in range(num_cycles))


def dose(config: RunConfig) -> Dose:
    """Return the requested and the scheduled amounts of training in the night of ``config``."""
    cycles = hypnogram(config)
    nrem_epochs = sum(cycle.nrem_epochs for cycle in cycles)
    rem_epochs = sum(cycle.rem_epochs for cycle in cycles)
    steps = math.ceil(config.num / config.batch_size)  # per epoch
    requested_fraction = math.fsum(cycle.rem_fraction for cycle in cycles) / len(cycles)
    return Dose(
        config.total_eps,
        requested_fraction,
        nrem_epochs,
        rem_epochs,
        nrem_epochs * steps,
        rem_epochs * steps,
    )


def _original(total_eps: int, fractions: tuple[float, ...]) -> Hypnogram:
    """Round as the reference simulation does: down everywhere, which loses epochs and REM."""
    epochs = total_eps // len(fractions)
    rem_epochs = [int(fraction * epochs) for fraction in fractions]
    return tuple(
        Cycle(fraction, epochs - rem, rem)
        for fraction, rem in zip(fractions, rem_epochs, strict=True)
    )


def _exact(total_eps: int, fractions: tuple[float, ...]) -> Hypnogram:
    """Match the requested totals and distribute remainders over the night.

    Cycle c (1-based) ends at epoch ``floor(c * total_eps / cycles)``. The cumulative number of
    REM epochs at the end of each cycle is the requested cumulative number, rounded to the nearest
    whole number and clipped to what the lengths of the cycles allow. The night's total of REM
    epochs is always the rounded requested total.
    """
    count = len(fractions)
    requested_rem = [_nearest(total_eps * total / count) for total in accumulate(fractions)]
    rem_total = requested_rem[-1]
    cycles = []
    start = rem_at_start = 0
    for index, fraction in enumerate(fractions):
        end = (index + 1) * total_eps // count
        # The cycles after this one must have room for the remaining REM epochs.
        low = max(rem_at_start, rem_total - (total_eps - end))
        high = min(rem_at_start + end - start, rem_total)
        rem_at_end = min(max(requested_rem[index], low), high)
        rem_epochs = rem_at_end - rem_at_start
        cycles.append(Cycle(fraction, end - start - rem_epochs, rem_epochs))
        start, rem_at_start = end, rem_at_end
    return tuple(cycles)


def _nearest(value: float) -> int:
    """Round to the nearest whole number, halves up; 1e-9 corrects sums like 2.4999999999999996."""
    return math.floor(value + 0.5 + 1e-9)
