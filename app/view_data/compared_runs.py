"""The nights that the page shows beside each other."""

from dataclasses import dataclass

from core.runs.state import RunState


@dataclass(frozen=True)
class ComparedRun:
    """One night of those compared: ``name`` in charts, as "no REM", ``adverb`` in sentences."""

    name: str
    adverb: str
    state: RunState

    @property
    def cycles(self) -> int:
        """The cycles of the whole night, 0 before it has begun."""
        return len(self.state.night.cycles) if self.state.night else 0


ComparedRuns = tuple[ComparedRun, ...]
"""One's own night, then the one beside it, if there is one."""


def at_same_time(arms: ComparedRuns, cycle: int) -> tuple[tuple[ComparedRun, int], ...]:
    """Each night with its cycle that ends when ``cycle`` of the first does, or last before that.

    Nights have equal epochs or are taken to: what counts is the share of the night.
    """
    whole = max(arms[0].cycles, 1)
    return tuple((arm, cycle * arm.cycles // whole) for arm in arms)
