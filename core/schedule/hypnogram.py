"""A night's hypnogram: how many NREM and REM epochs each cycle trains.

Pure functions of a few numbers. NREM comes first in every cycle, then REM.
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
    """One cycle: the REM share asked for, and the epochs that each stage really trains."""

    rem_fraction: float
    nrem_epochs: int
    rem_epochs: int

    @property
    def epochs(self) -> int:
        return self.nrem_epochs + self.rem_epochs

    @property
    def stages(self) -> tuple[tuple[Stage, int], ...]:
        """The stages that have epochs, in order."""
        both = ((Stage.NREM, self.nrem_epochs), (Stage.REM, self.rem_epochs))
        return tuple((stage, epochs) for stage, epochs in both if epochs)


@dataclass(frozen=True)
class Dose:
    """What a night was asked to train and what it trains.

    ``asked_rem_share`` is the mean REM share over cycles, ``rem_share`` the realised one; steps
    are gradient steps of one seed.
    """

    asked_epochs: int
    asked_rem_share: float
    nrem_epochs: int
    rem_epochs: int
    nrem_steps: int
    rem_steps: int

    @property
    def epochs(self) -> int:
        return self.nrem_epochs + self.rem_epochs

    @property
    def rem_share(self) -> float:
        return self.rem_epochs / self.epochs


Hypnogram = tuple[Cycle, ...]


def hypnogram(config: RunConfig) -> Hypnogram:
    """The night that ``config`` asks for."""
    fractions = rem_fractions(config.num_cycles, config.start_fraction_rem, config.end_fraction_rem)
    arrange = _exact if config.rounding == "exact" else _original
    return arrange(config.total_eps, fractions)


def rem_fractions(num_cycles: int, start: float, end: float) -> tuple[float, ...]:
    """The REM share asked for in each cycle, linear from ``start`` to ``end``.

    A night of a single cycle has the share ``start`` (where the reference divides by zero).
    """
    steps = max(num_cycles - 1, 1)
    return tuple(start + (end - start) * cycle / steps for cycle in range(num_cycles))


def dose(config: RunConfig) -> Dose:
    """The asked-for and the realised dose of ``config``'s night."""
    night = hypnogram(config)
    nrem, rem = (sum(getattr(c, f"{stage}_epochs") for c in night) for stage in ("nrem", "rem"))
    steps = math.ceil(config.num / config.batch_size)
    asked = math.fsum(cycle.rem_fraction for cycle in night) / len(night)
    return Dose(config.total_eps, asked, nrem, rem, nrem * steps, rem * steps)


def _original(total_eps: int, fractions: tuple[float, ...]) -> Hypnogram:
    """The reference's rounding: floors everywhere, so that epochs and REM share can be lost."""
    epochs = total_eps // len(fractions)
    rems = [int(fraction * epochs) for fraction in fractions]
    return tuple(
        Cycle(fraction, epochs - rem, rem) for fraction, rem in zip(fractions, rems, strict=True)
    )


def _exact(total_eps: int, fractions: tuple[float, ...]) -> Hypnogram:
    """Totals come out as asked for, with remainders spread over the night.

    Cycles end at the rounded-down multiples of ``total_eps / cycles``. The REM epochs up to the
    end of each cycle follow the asked-for running total, rounded to the nearest, as closely as
    the cycles' lengths allow; the night's total is fixed first, as the nearest there is.
    """
    count = len(fractions)
    asked_until = [_nearest(total_eps * asked / count) for asked in accumulate(fractions)]
    rem_total = asked_until[-1]
    cycles = []
    start = rem_before = 0
    for index, fraction in enumerate(fractions):
        end = (index + 1) * total_eps // count
        # What is left of the night must still be able to hold the rest of the REM epochs.
        low = max(rem_before, rem_total - (total_eps - end))
        high = min(rem_before + end - start, rem_total)
        rem_until = min(max(asked_until[index], low), high)
        rem = rem_until - rem_before
        cycles.append(Cycle(fraction, end - start - rem, rem))
        start, rem_before = end, rem_until
    return tuple(cycles)


def _nearest(value: float) -> int:
    """The nearest whole number, halves up; 1e-9 forgives float sums like 2.4999999999999996."""
    return math.floor(value + 0.5 + 1e-9)
