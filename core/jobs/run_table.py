"""All runs at a glance, and one in detail, as values to print or to write as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.jobs.follow import Follower, Snapshot, Status
from core.runs.folder import RunFolder, RunRecord, all_runs
from core.runs.log import LOG
from core.runs.measures import MEASURES, Memory
from core.runs.results import values_by_cycle
from core.support.errors import RunError, SleepError

RowStatus = Status | Literal["damaged"]


@dataclass(frozen=True)
class Row:
    """A run among others.

    ``problem`` is the sentence that goes with "failed" and "damaged". ``record`` is None, and
    ``cycles_done`` 0, where the run's files do not tell.
    """

    run: str
    status: RowStatus
    cycles_done: int = 0
    record: RunRecord | None = None
    problem: str | None = None
    pinned: bool = False

    def values(self) -> dict[str, Any]:
        """The row as JSON values."""
        record = self.record
        config = record.config if record else None
        return {
            "id": self.run,
            "status": self.status,
            "problem": self.problem,
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
    """All runs, the oldest first; a damaged one is a row like any other."""
    for folder in all_runs():
        try:
            now = Follower(folder.id).update()
            record = folder.record()
        except RunError:  # deleted just now
            continue
        except (SleepError, OSError) as error:
            yield Row(folder.id, "damaged", problem=str(error))
            continue
        status = row_status(folder, now)
        pinned = folder.pin.exists()
        yield Row(folder.id, status, now.state.finished, record, now.problem, pinned)


def run_details(folder: RunFolder, now: Snapshot) -> dict[str, Any]:
    """All that is known of one run, its numbers so far included, as JSON values.

    The measures of "dataset_1" and "dataset_2" are [seed][cycle], index 0 before the night.
    Raises `LogError` if its settings cannot be read.
    """
    record = folder.record()
    night = now.state.night
    return {
        "id": folder.id,
        "status": row_status(folder, now),
        "problem": now.problem,
        "place": asdict(now.place) if now.place else None,
        "submitted": record.submitted,
        "person": record.person,
        "pinned": folder.pin.exists(),
        "cycles_done": now.state.finished,
        "config": record.config.to_dict(),
        "threads": record.threads,
        "device": record.device,
        "weights": record.weights,
        "versions": record.versions,
        "seconds": now.state.seconds,
        **{
            memory.field: {
                "name": getattr(night, memory.field),
                **{
                    key: values_by_cycle(now.state, memory, measure)
                    for key, measure in MEASURES.items()
                },
            }
            for memory in Memory
            if now.state.cycles
        },
    }


def row_status(folder: RunFolder, now: Snapshot) -> RowStatus:
    """The run's status, "damaged" where what failed is to read its log."""
    unread = now.status == "failed" and str(now.problem).startswith(str(folder.path / LOG))
    return "damaged" if unread else now.status
