"""The content of dreams, as means over seeds."""

from dataclasses import dataclass

from app.view_data.series import thin_out
from core.runs.state import RunState
from core.runs.statistics import mean_interval


@dataclass(frozen=True)
class DreamContent:
    """The content of the dreams of one REM stage, as means over seeds.

    Attributes
    ----------
    cycle : int
        Number of the cycle, from 1.
    old, new, neither : float
        Shares of the dreams that the digit reader classifies so; their sum is 1.
    old_classes, new_classes : float
        Number of different digits among the old and the new ones.
    """

    cycle: int
    old: float
    new: float
    neither: float
    old_classes: float
    new_classes: float


def dream_content(state: RunState, max_stages: int | None = None) -> tuple[DreamContent, ...]:
    """Return the dream content of each REM stage so far; `thin_out` limits their number."""
    names = ("old", "new", "neither", "old_classes", "new_classes")
    return tuple(
        DreamContent(dreams.cycle, *(mean_interval(getattr(dreams, name)).mean for name in names))
        for dreams in thin_out(state.dreams, max_stages)
    )
