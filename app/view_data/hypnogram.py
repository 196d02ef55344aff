"""A night's schedule, as its hypnogram and its texts show it."""

import functools
from dataclasses import dataclass

from core.data.splits import SPLITS
from core.runs.state import RunState
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Dose, Hypnogram, Stage


@dataclass(frozen=True)
class Block:
    """A stage in a hypnogram.

    Attributes
    ----------
    cycle : int
        Number of its cycle, from 1.
    stage : Stage
        NREM or REM.
    start : int
        Epochs of the night before it.
    epochs : int
        Its length, at least 1.
    """

    cycle: int
    stage: Stage
    start: int
    epochs: int


@functools.lru_cache(maxsize=8)  # every chart needs them each time that the page is drawn
def blocks(night: Hypnogram) -> tuple[Block, ...]:
    """Return the stages of ``night`` in order, without those of 0 epochs."""
    stages = []
    start = 0
    for number, cycle in enumerate(night, start=1):
        for stage, epochs in cycle.stages:
            stages.append(Block(number, stage, start, epochs))
            start += epochs
    return tuple(stages)


def run_blocks(state: RunState) -> tuple[Block, ...]:
    """Return the stages of a run's night, () before it has started."""
    return blocks(state.night.cycles) if state.night else ()


def percent(fraction: float) -> str:
    """Return a fraction in percent with at most one decimal: 0.5 -> "50 %", 0.476 -> "47.6 %"."""
    return f"{round(100 * fraction, 1):g} %"


def dose_line(dose: Dose) -> str:
    """Return the requested and the scheduled REM fraction, and the amount of training."""
    requested, scheduled = dose.requested_rem_fraction, dose.scheduled_rem_fraction
    return (
        f"REM: {percent(requested)} requested, {percent(scheduled)} scheduled; "
        f"{dose.nrem_steps + dose.rem_steps:,} gradient steps in {dose.epochs} epochs"
    )


def describe(config: RunConfig) -> str:
    """Return a short description of a run's schedule, seeds and memory sets."""
    start, end = percent(config.start_fraction_rem), percent(config.end_fraction_rem)
    rem = f"REM {start}" if start == end or config.num_cycles == 1 else f"REM {start} to {end}"
    cycles = "1 cycle" if config.num_cycles == 1 else f"{config.num_cycles} cycles"
    seeds = "1 seed (no error bars)" if len(config.seeds) == 1 else f"{len(config.seeds)} seeds"
    return f"{cycles} · {rem} · {seeds} · {SPLITS[config.split].label.lower()}"
