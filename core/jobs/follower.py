"""State of a run, combined from its log, its lock, the queue and the engine."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.queue import entries
from core.queue.engine_state import QueuePosition, current_state, is_served
from core.queue.failures import read_failure
from core.queue.problems import Problem, ProblemCode
from core.runs.events import Event
from core.runs.folder import find_run
from core.runs.log import RunReader
from core.runs.state import RunState, fold
from core.support.errors import LogError

Status = Literal["queued", "running", "done", "stopped", "failed", "interrupted"]

_POLL_S = 0.05


@dataclass(frozen=True)
class Snapshot:
    """State of a run at one moment.

    Attributes
    ----------
    status : Status
        "interrupted" means that the run's process ended without writing an end to the log, for
        example because the machine was switched off.
    state : RunState
        What the run's log contains.
    in_queue : bool, default False
        Whether the run is in the queue. An interrupted run in the queue continues automatically
        when an engine works, any other when it is resumed.
    problem : Problem or None, default None
        Why the run failed or, for a run in the queue, why the engine does not work.
    position : QueuePosition or None, default None
        Position of a queued run, None if it is unknown.
    is_served : bool, default True
        False for a run in the queue if no engine works on it and none is known to be started.
    """

    status: Status
    state: RunState
    in_queue: bool = False
    problem: Problem | None = None
    position: QueuePosition | None = None
    is_served: bool = True

    @property
    def active(self) -> bool:
        """Whether the run is running, or will run once an engine works (see ``is_served``)."""
        return self.status in ("queued", "running") or (
            self.in_queue and self.status == "interrupted"
        )


class Follower:
    """Reads a run's log as it grows. Each `update` reads only the new events.

    ``folder`` is the run's folder, and ``new_events`` holds the events that the last `update`
    read. Raises `RunError` if there is no run ``run_id``.
    """

    def __init__(self, run_id: str) -> None:
        self.folder = find_run(run_id)
        self._reader = RunReader(self.folder.path)
        self._state = RunState()
        self.new_events: list[Event] = []

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.folder.id

    def update(self) -> Snapshot:
        """Read the new events into ``new_events`` and return the current state of the run."""
        self.new_events = []
        try:
            # Before the log, or the last events of a run that ends meanwhile would be missed.
            is_running, in_queue = self.folder.is_running(), entries.contains(self.run_id)
            self.new_events = self._reader.read()
        except LogError as error:
            return self._failed(ProblemCode.LOG_DAMAGED, str(error))
        except OSError as error:
            return self._failed(ProblemCode.FILES_UNREADABLE, error.strerror or str(error))
        self._state = fold(self._state, self.new_events)
        return self._snapshot(is_running, in_queue)

    def _failed(self, code: ProblemCode, reason: str) -> Snapshot:
        problem = Problem(code, {"run": self.run_id, "reason": reason})
        return Snapshot("failed", self._state, problem=problem)

    def _snapshot(self, is_running: bool, in_queue: bool) -> Snapshot:
        state = self._state
        if state.outcome == "done":
            return Snapshot("done", state)
        if is_running:
            return Snapshot("running", state, in_queue)
        if in_queue:
            return self._queued()
        failure = read_failure(self.run_id)
        if failure is not None:
            return self._failed(ProblemCode.RUN_FAILED_UNLOGGED, failure)
        if state.problem is not None:
            return self._failed(ProblemCode.RUN_FAILED, state.problem)
        return Snapshot(state.outcome or "interrupted", state)

    def _queued(self) -> Snapshot:
        state = self._state
        engine = current_state()
        waits = engine.ready or state.phase == "starting" or state.outcome is not None
        return Snapshot(
            "queued" if waits else "interrupted",
            state,
            in_queue=True,
            problem=engine.problem,
            position=engine.position(self.run_id) if waits else None,
            is_served=is_served(engine),
        )


def events(run_id: str) -> Iterator[Event]:
    """Yield the run's events from the first one, each as it is written, until the run has ended.

    Raises `RunError` if there is no such run, and `LogError` if its log is damaged or does not
    contain the run's failure.
    """
    follower = Follower(run_id)
    while True:
        now = follower.update()
        yield from follower.new_events
        if not now.active:
            if now.problem is not None and now.problem.code is not ProblemCode.RUN_FAILED:
                raise LogError(now.problem.sentence)
            return
        time.sleep(_POLL_S)
