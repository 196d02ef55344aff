"""Following a run: its log, its lock and its place in the queue, folded into what is shown."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.queue import entries
from core.queue.engine_state import QueuePosition, current_state, is_served
from core.queue.failures import read_failure
from core.runs.events import Event
from core.runs.folder import find_run
from core.runs.log import RunReader
from core.runs.state import RunState, fold
from core.support.errors import LogError

Status = Literal["queued", "running", "done", "stopped", "failed", "interrupted"]

_POLL_S = 0.05


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    ``status``: "interrupted" is a night that broke off without a word, as when the machine was
    switched off. If it is still ``wanted``, it continues by itself as soon as an engine works,
    else when it is resumed. ``served`` is False for a wanted run that waits for an engine which
    nothing is known to start. ``problem`` is the sentence that goes with "failed", or says why
    no engine works; ``place`` is the turn of a "queued" run, None where it is not known.
    """

    status: Status
    state: RunState
    wanted: bool = False
    problem: str | None = None
    place: QueuePosition | None = None
    is_served: bool = True

    @property
    def active(self) -> bool:
        """Whether the run is worked on, or will be once an engine works (see ``served``)."""
        return self.status in ("queued", "running") or (
            self.wanted and self.status == "interrupted"
        )


class Follower:
    """Reads a run's log as it grows; `update` costs only what is new.

    Raises `RunError` for what is not the id of a run.
    """

    def __init__(self, run_id: str) -> None:
        self.folder = find_run(run_id)
        self._reader = RunReader(self.folder.path)
        self._state = RunState()
        self.new: list[Event] = []

    @property
    def run_id(self) -> str:
        return self.folder.id

    def update(self) -> Snapshot:
        """Read what is new, which is in ``new`` then, and say where the run is."""
        self.new = []
        try:
            # Asked before the log is read, or the last events of an ended night could be missed.
            asleep, wanted = self.folder.asleep(), entries.contains(self.run_id)
            self.new = self._reader.read()
        except LogError as error:
            return Snapshot("failed", self._state, problem=str(error))
        except OSError as error:
            problem = f"the files of run {self.run_id} cannot be read ({error.strerror or error})."
            return Snapshot("failed", self._state, problem=problem)
        self._state = fold(self._state, self.new)
        return self._snapshot(asleep, wanted)

    def _snapshot(self, asleep: bool, wanted: bool) -> Snapshot:
        state = self._state
        if state.outcome == "done":
            return Snapshot("done", state)
        if asleep:
            return Snapshot("running", state, wanted)
        if wanted:
            engine = current_state()
            waits = engine.ready or state.phase == "starting" or state.outcome is not None
            return Snapshot(
                "queued" if waits else "interrupted",
                state,
                wanted,
                engine.problem,
                engine.place(self.run_id) if waits else None,
                is_served(engine),
            )
        problem = read_failure(self.run_id)
        if problem is not None:
            return Snapshot("failed", state, problem=problem)
        if state.outcome is not None:
            return Snapshot(state.outcome, state, problem=state.problem)
        return Snapshot("interrupted", state)


def events(run_id: str) -> Iterator[Event]:
    """The run's events from its first on, each as it comes, until the run is no longer active.

    Raises `RunError` for what is not a run and `LogError` for one whose log is damaged.
    """
    follower = Follower(run_id)
    while True:
        now = follower.update()
        yield from follower.new
        if not now.active:
            if now.problem is not None and now.problem != now.state.problem:  # no event told it
                raise LogError(now.problem)
            return
        time.sleep(_POLL_S)
