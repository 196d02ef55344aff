"""Measures and losses of a run as points over the epochs of its night."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from app.view_data.hypnogram import run_blocks
from core.runs.measures import Measure, Memory
from core.runs.state import RunState
from core.runs.statistics import mean_interval

T = TypeVar("T")

Loss = Literal["total", "reconstruction", "kl"]


@dataclass(frozen=True)
class Series:
    """A quantity over the epochs of a night.

    Attributes
    ----------
    epochs : tuple of int
        Epochs of the night before each point.
    where : tuple of str
        Each point in words, as "cycle 2, after REM".
    means : tuple of float
        Means over seeds.
    half_widths : tuple of float or None
        Half of the 95 % confidence intervals; None for a single seed.
    seeds : tuple of tuple of float
        Values [seed][point].
    images : tuple of int
        Number of test images of each point; () for losses.
    """

    epochs: tuple[int, ...]
    where: tuple[str, ...]
    means: tuple[float, ...]
    half_widths: tuple[float, ...] | None
    seeds: tuple[tuple[float, ...], ...]
    images: tuple[int, ...] = ()


def thin_out(items: Sequence[T], max_items: int | None) -> Sequence[T]:
    """Return at most ``max_items`` evenly spaced items including the last one; all for None.

    The step is odd, because NREM and REM stages alternate and an even step would leave out all
    stages of one kind.
    """
    if max_items is None or len(items) <= max_items:
        return items
    step = -(-len(items) // max_items) | 1
    return items[(len(items) - 1) % step :: step]


def measure_series(
    state: RunState, memory: Memory, measure: Measure, max_points: int | None = None
) -> Series:
    """Return a measure of the old or new memories before the night and after each stage.

    Parameters
    ----------
    state : RunState
        The run, which may be unfinished.
    memory : Memory
        Which dataset the measure is taken of.
    measure : Measure
        An entry of `core.runs.measures.MEASURES`.
    max_points : int, optional
        Largest number of points, see `thin_out`; all by default.

    Returns
    -------
    Series
        One point per stage.
    """
    ends = {
        (block.cycle, block.stage.value): block.start + block.epochs for block in run_blocks(state)
    }
    stages = thin_out(state.stages, max_points)
    scores = [memory.scores(stage) for stage in stages]
    return _series(
        [ends.get((stage.cycle, stage.stage), 0) for stage in stages],
        [
            f"cycle {stage.cycle}, after {stage.stage}" if stage.cycle else "before the night"
            for stage in stages
        ],
        [measure.values(score) for score in scores],
        [score.images for score in scores],
    )


def loss_series(state: RunState, loss: Loss, max_points: int | None = None) -> Series:
    """Return a training loss after each epoch.

    Parameters
    ----------
    state : RunState
        The run, which may be unfinished.
    loss : {"total", "reconstruction", "kl"}
        Which loss, in nats per image.
    max_points : int, optional
        Largest number of points, see `thin_out`; all by default.

    Returns
    -------
    Series
        One point per epoch.
    """
    losses = thin_out(state.losses, max_points)
    starts = {(block.cycle, block.stage.value): block.start for block in run_blocks(state)}
    return _series(
        [starts.get((epoch.cycle, epoch.stage), 0) + epoch.epoch for epoch in losses],
        [f"cycle {epoch.cycle}, {epoch.stage} epoch {epoch.epoch}" for epoch in losses],
        [getattr(epoch, loss) for epoch in losses],
    )


def _series(
    epochs: Iterable[int],
    where: Iterable[str],
    values: Sequence[tuple[float, ...]],
    images: Iterable[int] = (),
) -> Series:
    intervals = [mean_interval(point) for point in values]
    half_widths = tuple(
        interval.half_width for interval in intervals if interval.half_width is not None
    )
    return Series(
        tuple(epochs),
        tuple(where),
        tuple(interval.mean for interval in intervals),
        half_widths if intervals and len(half_widths) == len(intervals) else None,
        tuple(zip(*values, strict=True)),
        tuple(images),
    )
