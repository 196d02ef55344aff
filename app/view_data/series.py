"""How a measure went over a night, at every stage's end, and what was trained on the way."""

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
    """A course over the night's epochs, index 0 first.

    ``epochs`` are the ends of what was measured, ``where`` says so in words ("cycle 2, after
    REM"), ``means`` are those over seeds and ``half_widths`` half their 95 % intervals, None for
    one seed. ``seeds`` holds [seed][point], ``images`` how many test images are behind a point.
    """

    epochs: tuple[int, ...]
    where: tuple[str, ...]
    means: tuple[float, ...]
    half_widths: tuple[float, ...] | None
    seeds: tuple[tuple[float, ...], ...]
    images: tuple[int, ...] = ()


def thin_out(items: Sequence[T], most: int | None) -> Sequence[T]:
    """At most ``most`` items, evenly spaced and the last one among them; all for None.

    The step is odd: NREM and REM stages alternate, and an even one would leave out all of one kind.
    """
    if most is None or len(items) <= most:
        return items
    step = -(-len(items) // most) | 1
    return items[(len(items) - 1) % step :: step]


def measure_series(
    state: RunState, memory: Memory, measure: Measure, most: int | None = None
) -> Series:
    """``measure`` of the old or new memories before the night and after each stage.

    ``most`` is how many points a chart can show; `thin_out` chooses them.
    """
    ends = {
        (block.cycle, block.stage.value): block.start + block.epochs for block in run_blocks(state)
    }
    stages = thin_out(state.stages, most)
    scores = [memory.scores(stage) for stage in stages]
    return _course(
        [ends.get((stage.cycle, stage.stage), 0) for stage in stages],
        [
            f"cycle {stage.cycle}, after {stage.stage}" if stage.cycle else "before the night"
            for stage in stages
        ],
        [measure.values(score) for score in scores],
        [score.images for score in scores],
    )


def loss_series(state: RunState, loss: Loss, most: int | None = None) -> Series:
    """One of the losses, in nats per image, after each epoch; ``most`` as for `measure_series`."""
    found = thin_out(state.losses, most)
    starts = {(block.cycle, block.stage.value): block.start for block in run_blocks(state)}
    return _course(
        [starts.get((epoch.cycle, epoch.stage), 0) + epoch.epoch for epoch in found],
        [f"cycle {epoch.cycle}, {epoch.stage} epoch {epoch.epoch}" for epoch in found],
        [getattr(epoch, loss) for epoch in found],
    )


def _course(
    epochs: Iterable[int],
    where: Iterable[str],
    values: Sequence[tuple[float, ...]],
    images: Iterable[int] = (),
) -> Series:
    found = [mean_interval(point) for point in values]
    half_widths = tuple(each.half_width for each in found if each.half_width is not None)
    return Series(
        tuple(epochs),
        tuple(where),
        tuple(each.mean for each in found),
        half_widths if found and len(half_widths) == len(found) else None,
        tuple(zip(*values, strict=True)),
        tuple(images),
    )
