"""What the nights' dreams were about."""

from dataclasses import dataclass

from app.view_data.series import thin_out
from core.runs.state import RunState
from core.runs.statistics import mean_interval


@dataclass(frozen=True)
class DreamContent:
    """A REM stage's dreams: the shares that are old, new and neither, as means over seeds.

    ``old_classes`` and ``new_classes`` are the numbers of digits that appear, also as means.
    """

    cycle: int
    old: float
    new: float
    neither: float
    old_classes: float
    new_classes: float


def dream_content(state: RunState, most: int | None = None) -> tuple[DreamContent, ...]:
    """The content of each REM stage's dreams so far; at most ``most`` of them, evenly spaced."""
    names = ("old", "new", "neither", "old_classes", "new_classes")
    return tuple(
        DreamContent(made.cycle, *(mean_interval(getattr(made, name)).mean for name in names))
        for made in thin_out(state.dreams, most)
    )
