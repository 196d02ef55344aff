"""Table of all runs, and details of one run, as values to print or to write as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.jobs.follower import Follower, Snapshot, Status
from core.queue.problems import Problem, ProblemCode
from core.runs.folder import RunFolder, RunRecord, all_runs
from core.runs.measures import Memory
from core.runs.results import dataset_values
from core.support.errors import RunError, SleepError

RowStatus = Status | Literal["damaged"]


@dataclass(frozen=True)
class Row:
    """One run of the table.

    Attributes
    ----------
    run : str
        Id of the run.
    status : RowStatus
        Status of the run; "damaged" means that its log or its record cannot be read.
    cycles_done : int, default 0
        Number of finished cycles, 0 if the run's files cannot be read.
    record : RunRecord or None, default None
        The run's record, None if the run's files cannot be read.
    problem : Problem or None, default None
        Why the run failed or is damaged or, for a run in the queue, why no engine works.
    pinned : bool, default False
        Whether the run is pinned, see `core.jobs.pins`.
    """

    run: str
    status: RowStatus
    cycles_done: int = 0
    record: RunRecord | None = None
    problem: Problem | None = None
    pinned: bool = False

    def values(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        record = self.record
        config = record.config if record else None
        return {
            "id": self.run,
            "status": self.status,
            "problem": self.problem.sentence if self.problem else None,
            "cycles_done": self.cycles_done,
            "num_cycles": config.num_cycles if config else None,
            "split": config.split if config else None,
            "start_fraction_rem": config.start_fraction_rem if config else None,
            "end_fraction_rem": config.end_fraction_rem if config else None,
            "seeds": list(config.seeds) if config else None,
            "submitted": record.submitted if record else None,
            "person": record.person if record else None,
            "pinned": self.pinned,
        }


def run_rows() -> Iterator[Row]:
    """Yield one row per run, the oldest first; a damaged run has a row too."""
    for folder in all_runs():
        try:
            now = Follower(folder.id).update()
            record = folder.record()
        except RunError:  # deleted since the folder was listed
            continue
        except (SleepError, OSError) as error:
            parameters = {"run": folder.id, "reason": str(error)}
            problem = Problem(ProblemCode.RECORD_DAMAGED, parameters)
            yield Row(folder.id, "damaged", problem=problem)
            continue
        pinned = folder.pin.exists()
        yield Row(
            folder.id, row_status(now), now.state.finished_cycles, record, now.problem, pinned
        )


def run_details(folder: RunFolder, now: Snapshot) -> dict[str, Any]:
    """Return settings, state and measures of one run as JSON values.

    The measures in "dataset_1" and "dataset_2" have the shape [seed][cycle], with index 0 before
    the night. Raises `LogError` if the run's record cannot be read.
    """
    record = folder.record()
    return {
        "id": folder.id,
        "status": row_status(now),
        "problem": now.problem.sentence if now.problem else None,
        "place": asdict(now.position) if now.position else None,
        "submitted": record.submitted,
        "person": record.person,
        "pinned": folder.pin.exists(),
        "cycles_done": now.state.finished_cycles,
        "config": record.config.to_dict(),
        "threads": record.threads,
        "device": record.device,
        "weights": record.weights,
        "versions": record.versions,
        "seconds": now.state.seconds,
        **{
            memory.field: dataset_values(now.state, memory) for memory in Memory if now.state.cycles
        },
    }


def row_status(now: Snapshot) -> RowStatus:
    """Return the run's status, or "damaged" if its log cannot be read."""
    damaged = now.problem is not None and now.problem.code is ProblemCode.LOG_DAMAGED
    return "damaged" if damaged else now.status
