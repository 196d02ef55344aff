"""The runs that the page compares."""

from dataclasses import dataclass

from core.runs.state import RunState


@dataclass(frozen=True)
class ComparedRun:
    """One of the compared runs.

    Attributes
    ----------
    name : str
        Name in charts and tables, as "no REM".
    phrase : str
        Start of a sentence about it, as "Without REM".
    state : RunState
        The state of the run.
    """

    name: str
    phrase: str
    state: RunState

    @property
    def cycles(self) -> int:
        """Number of cycles in the whole night, 0 before it has started."""
        return len(self.state.night.cycles) if self.state.night else 0


ComparedRuns = tuple[ComparedRun, ...]
"""The main run, then the run that it is compared with, if there is one."""


def at_same_time(runs: ComparedRuns, cycle: int) -> tuple[tuple[ComparedRun, int], ...]:
    """Return each run with the last of its cycles that ends no later than ``cycle`` of the first.

    Time is the share of the night, as if all nights had the same length.
    """
    main_cycles = max(runs[0].cycles, 1)
    return tuple((run, cycle * run.cycles // main_cycles) for run in runs)
