"""A night's schedule, as what its hypnogram and its sentences show."""

import functools
from dataclasses import dataclass

from core.data.splits import SPLITS
from core.runs.state import RunState
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Dose, Hypnogram, Stage


@dataclass(frozen=True)
class Block:
    """A stage in a hypnogram: ``epochs`` from ``start`` (0 = the night's start)."""

    cycle: int
    stage: Stage
    start: int
    epochs: int


@functools.lru_cache(maxsize=8)  # every chart of a page needs them at every drawing
def blocks(night: Hypnogram) -> tuple[Block, ...]:
    """The stages of ``night`` in order, those without epochs left out."""
    found = []
    start = 0
    for number, cycle in enumerate(night, start=1):
        for stage, epochs in cycle.stages:
            found.append(Block(number, stage, start, epochs))
            start += epochs
    return tuple(found)


def run_blocks(state: RunState) -> tuple[Block, ...]:
    """The stages of the night that a run sleeps, () before it has begun."""
    return blocks(state.night.cycles) if state.night else ()


def percent(share: float) -> str:
    """A share as a percentage with at most one decimal: 0.5 -> "50 %", 0.476 -> "47.6 %"."""
    return f"{round(100 * share, 1):g} %"


def dose_line(dose: Dose) -> str:
    """The REM share asked for and realised, and the training that it comes to."""
    return (
        f"REM asked {percent(dose.asked_rem_share)}, runs {percent(dose.rem_share)}; "
        f"{dose.nrem_steps + dose.rem_steps:,} gradient steps in {dose.epochs} epochs"
    )


def describe(config: RunConfig) -> str:
    """A night's schedule in a few words."""
    start, end = percent(config.start_fraction_rem), percent(config.end_fraction_rem)
    rem = f"REM {start}" if start == end or config.num_cycles == 1 else f"REM {start} to {end}"
    cycles = "1 cycle" if config.num_cycles == 1 else f"{config.num_cycles} cycles"
    seeds = "1 seed (no spread)" if len(config.seeds) == 1 else f"{len(config.seeds)} seeds"
    return f"{cycles} · {rem} · {seeds} · {SPLITS[config.split].label.lower()}"
