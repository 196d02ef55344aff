"""Two nights at one moment, and where they are together."""

from dataclasses import dataclass

from app.conditions import Condition, condition_of
from app.shown_runs import ShownRuns
from app.view_data.compared_runs import ComparedRun, ComparedRuns
from core import jobs
from core.jobs import Snapshot, Status
from core.schedule.config import RunConfig

OWN = "this night"


@dataclass(frozen=True)
class PageSnapshot:
    """One's own night and the one beside it; ``configs`` holds None for what cannot be told."""

    mine: Snapshot
    beside: Snapshot | None
    condition: Condition
    configs: tuple[RunConfig | None, RunConfig | None]

    @property
    def active(self) -> bool:
        """Whether more is to come of either without anybody doing anything."""
        return any(now.active for now in self.snapshots)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        return (self.mine,) if self.beside is None else (self.mine, self.beside)

    @property
    def statuses(self) -> tuple[Status, ...]:
        return tuple(now.status for now in self.snapshots)

    @property
    def seen(self) -> tuple[object, ...]:
        """Is another when there is more to be seen than where a run is within a stage."""
        return tuple(
            (state.cycle, state.phase, len(state.stages), state.finished)
            for now in self.snapshots
            for state in [now.state]
        )

    @property
    def done(self) -> bool:
        """Whether both nights were slept to their end."""
        return all(now.status == "done" for now in self.snapshots)

    @property
    def leading(self) -> int:
        """Whose status is told: 0 for one's own night, 1 for the other if only that goes on."""
        return int(self.beside is not None and self.beside.active and not self.mine.active)

    @property
    def arms(self) -> ComparedRuns:
        """What the charts compare; the night beside only once it has something to show."""
        own = ComparedRun(OWN, "This night", self.mine.state)
        if self.beside is None or not self.beside.state.stages:
            return (own,)
        return own, ComparedRun(self.condition.arm, self.condition.adverb, self.beside.state)

    @property
    def progress(self) -> float:
        """The share of all that is done, from 0 to 1."""
        return sum(now.state.progress for now in self.snapshots) / len(self.snapshots)

    def seconds_left(self) -> float | None:
        """How long the nights still take at this machine's pace; None where nobody can tell."""
        left = [
            jobs.expected_seconds(config) * (1 - now.state.progress)
            for now, config in zip(self.snapshots, self.configs, strict=False)
            if now.active and config is not None
        ]
        return max(left, default=None)


def take_snapshot(shown: ShownRuns) -> PageSnapshot:
    """Read what is new of both runs."""
    mine = shown.mine.follower.update()
    beside = shown.beside.follower.update() if shown.beside else None
    configs = (shown.mine.config, shown.beside.config if shown.beside else None)
    return PageSnapshot(mine, beside, condition_of(*configs), configs)
