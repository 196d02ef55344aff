"""The shown runs at one moment."""

from dataclasses import dataclass

from app.conditions import Condition, condition_of
from app.shown_runs import ShownRuns
from app.view_data.compared_runs import ComparedRun, ComparedRuns
from core import jobs
from core.jobs import Snapshot, Status
from core.schedule.config import RunConfig

MAIN_NAME = "this run"
"""Name of the main run in tables."""


@dataclass(frozen=True)
class PageSnapshot:
    """The main run and the compared run at one moment.

    Attributes
    ----------
    main : Snapshot
        The main run.
    compared : Snapshot or None
        The compared run.
    condition : Condition
        How the compared run differs from the main one.
    configs : tuple of RunConfig or None
        Configs of both; None for a missing run or an unreadable config.
    """

    main: Snapshot
    compared: Snapshot | None
    condition: Condition
    configs: tuple[RunConfig | None, RunConfig | None]

    @property
    def active(self) -> bool:
        """Whether either run will continue without any further request."""
        return any(snapshot.active for snapshot in self.snapshots)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots of the one or two runs, the main one first."""
        return (self.main,) if self.compared is None else (self.main, self.compared)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The status of each run."""
        return tuple(snapshot.status for snapshot in self.snapshots)

    @property
    def positions(self) -> tuple[object, ...]:
        """The position of each run in its night, to the stage; it changes when charts change."""
        return tuple(
            (state.cycle, state.phase, len(state.stages), state.finished_cycles)
            for snapshot in self.snapshots
            for state in [snapshot.state]
        )

    @property
    def done(self) -> bool:
        """Whether all runs are done."""
        return all(snapshot.status == "done" for snapshot in self.snapshots)

    @property
    def reported_index(self) -> int:
        """Index of the run whose status is shown: 1 if only the compared run is active, else 0."""
        return int(self.compared is not None and self.compared.active and not self.main.active)

    @property
    def compared_runs(self) -> ComparedRuns:
        """The runs to plot; the compared run is included after its first measurement."""
        main = ComparedRun(MAIN_NAME, "This run", self.main.state)
        if self.compared is None or not self.compared.state.stages:
            return (main,)
        condition = self.condition
        return main, ComparedRun(condition.chart_name, condition.phrase, self.compared.state)

    @property
    def progress(self) -> float:
        """The finished share of all runs together, in [0, 1]."""
        return sum(snapshot.state.progress for snapshot in self.snapshots) / len(self.snapshots)

    def seconds_left(self) -> float | None:
        """Return the expected time until all active runs are done; None if it is unknown."""
        left = [
            jobs.expected_seconds(config) * (1 - snapshot.state.progress)
            for snapshot, config in zip(self.snapshots, self.configs, strict=False)
            if snapshot.active and config is not None
        ]
        return max(left, default=None)


def take_snapshot(shown: ShownRuns) -> PageSnapshot:
    """Read the new events of the shown runs and return their state."""
    main = shown.main.follower.update()
    compared = shown.compared.follower.update() if shown.compared else None
    configs = (shown.main.config, shown.compared.config if shown.compared else None)
    return PageSnapshot(main, compared, condition_of(*configs), configs)
