"""Following a run: its log and its process, folded into what the page shows."""

from dataclasses import dataclass
from typing import Literal

from app import launch
from core.config import RunConfig
from core.replay import RunState, fold
from core.store import LogError, RunReader

Status = Literal["queued", "running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment; ``problem`` is the sentence that goes with the status "failed"."""

    status: Status
    state: RunState
    problem: str | None = None

    @property
    def active(self) -> bool:
        """Whether more is to come."""
        return self.status in ("queued", "running")


class Follower:
    """Reads a run's log as it grows; `update` costs only what is new."""

    def __init__(self, run_id: str) -> None:
        folder = launch.folder_of(run_id)
        if folder is None:
            raise ValueError("this is not the id of a run")
        self.run_id = run_id
        self._reader = RunReader(folder)
        self._state = RunState()
        self._problem: str | None = None

    @property
    def config(self) -> RunConfig | None:
        """The night's config: from the log, before there is one from the start."""
        if self._state.night is None:
            return launch.config_of(self.run_id)
        try:
            return RunConfig.from_dict(self._state.night.config)
        except (TypeError, ValueError):  # a log of another version of the program
            return None

    def update(self) -> Snapshot:
        """Read what is new and say where the run is."""
        alive = launch.alive(self.run_id)  # asked first, so that its last events are not missed
        if self._problem is None:
            try:
                self._state = fold(self._state, self._reader.read())
            except LogError as error:
                self._problem = str(error)
        return Snapshot(*self._status(alive))

    def _status(self, alive: bool) -> tuple[Status, RunState, str | None]:
        state = self._state
        if state.phase == "done":
            return "done", state, None
        if self._problem is not None:
            return "failed", state, self._problem
        if alive and not launch.was_stopped(self.run_id):
            return ("queued" if state.phase == "starting" else "running"), state, None
        if launch.was_stopped(self.run_id):
            return "stopped", state, None
        return "failed", state, launch.last_words(self.run_id)
