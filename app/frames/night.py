"""The numbers behind charts and sentences, as plain values: no figure and no widget in here."""

from dataclasses import dataclass

import pandas as pd

from core.config import RunConfig
from core.data.splits import SPLITS
from core.measures import interval, learned
from core.replay import RunState
from core.schedule import Dose, Hypnogram, Stage

# Up to which multiple of the error before the night old memories are said to ...
_OLD = (
    (1.2, "stayed as they were"),
    (2.2, "were mostly kept"),
    (5.0, "faded"),
    (float("inf"), "were lost"),
)
# From which share of the error that has gone new memories are said to ...
_NEW = ((0.6, "were learned"), (0.2, "were partly learned"), (float("-inf"), "were hardly learned"))


@dataclass(frozen=True)
class Block:
    """A stage in a hypnogram: ``epochs`` from ``start`` (0 = the night's start)."""

    cycle: int
    stage: Stage
    start: int
    epochs: int


def blocks(night: Hypnogram) -> tuple[Block, ...]:
    """The stages of ``night`` in order, those without epochs left out."""
    found = []
    start = 0
    for number, cycle in enumerate(night, start=1):
        for stage, epochs in cycle.stages:
            found.append(Block(number, stage, start, epochs))
            start += epochs
    return tuple(found)


def percent(share: float) -> str:
    """A share as a percentage with at most one decimal: 0.5 -> "50 %", 0.476 -> "47.6 %"."""
    return f"{round(100 * share, 1):g} %"


def dose_line(dose: Dose) -> str:
    """The REM share asked for and realised, and the training that it comes to."""
    return (
        f"REM asked {percent(dose.asked_rem_share)}, runs {percent(dose.rem_share)}; "
        f"{dose.nrem_steps + dose.rem_steps:,} gradient steps in {dose.epochs} epochs."
    )


def describe(config: RunConfig) -> str:
    """A night's schedule in a few words."""
    start, end = percent(config.start_fraction_rem), percent(config.end_fraction_rem)
    rem = f"REM {start}" if start == end or config.num_cycles == 1 else f"REM {start} to {end}"
    cycles = "1 cycle" if config.num_cycles == 1 else f"{config.num_cycles} cycles"
    return f"{cycles} · {rem} · {SPLITS[config.split].label.lower()}"


def errors(state: RunState) -> pd.DataFrame:
    """Both datasets' reconstruction error after each finished cycle, as means over seeds.

    Columns: ``cycle`` (0 = before the night), ``old``, ``new`` and ``images``, the number of each
    dataset's test images behind them.
    """
    return pd.DataFrame(
        {
            "cycle": [measured.cycle for measured in state.cycles],
            "old": [interval(measured.dataset_1.error).mean for measured in state.cycles],
            "new": [interval(measured.dataset_2.error).mean for measured in state.cycles],
            "images": [measured.dataset_1.images for measured in state.cycles],
        }
    )


def verdict(frame: pd.DataFrame, num_cycles: int) -> str | None:
    """What has happened to both memories by the last row of `errors`; None before cycle 1."""
    if len(frame) < 2:
        return None
    old = [float(value) for value in frame["old"]]
    new = [float(value) for value in frame["new"]]
    times = old[-1] / old[0] if old[0] else float("inf")
    gone = learned(new) or 0.0
    old_fate = next(words for limit, words in _OLD if times <= limit)
    new_fate = next(words for limit, words in _NEW if gone >= limit)
    last = len(frame) - 1
    opening = "Old" if last == num_cycles else f"After cycle {last} of {num_cycles}, old"
    return (
        f"{opening} memories {old_fate}: their error {_course(old)}; "
        f"new memories {new_fate}: theirs {_course(new)}."
    )


def _course(values: list[float]) -> str:
    first, last = values[0], values[-1]
    ends = f"from {first:.0f} to {last:.0f}"
    if last < first:
        return f"fell {ends} ({last / first:.0%} of it is left)".replace("%", " %")
    return f"rose {ends} ({last / first:.1f} times as high)" if first else f"rose {ends}"
