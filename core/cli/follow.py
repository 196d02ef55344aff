"""Following a run of the job engine in a terminal."""

import sys
import time

from tqdm import tqdm

from core import jobs
from core.cli.progress import Progress
from core.jobs import Snapshot
from core.jobs.wait_text import NO_ENGINE, position_text
from core.queue.engine_state import current_state
from core.queue.problems import EngineProblemError, ProblemCode
from core.support.text import printable

_POLL_S = 0.05
_STOP_S = 10.0  # a responding worker needs the time of one step
_SHORTEST_WAIT_S = 1.0  # a shorter wait is over before a message about it can be read


def follow_run(run_id: str) -> Snapshot:
    """Show the progress of the run until it ends; return its last snapshot.

    If the Dask scheduler that the engine should use does not answer, the run is removed from the
    queue and `EngineError` raised, because waiting cannot help.
    """
    follower = jobs.Follower(run_id)
    messages = _WaitMessages()
    with Progress() as progress:
        while True:
            now = follower.update()
            for event in follower.new_events:
                progress.show(event)
            if not now.active:
                return now
            problem = now.problem
            if problem is not None and problem.code is ProblemCode.SCHEDULER_UNREACHABLE:
                jobs.stop(run_id)
                raise EngineProblemError(problem)
            messages.show(now)
            time.sleep(_POLL_S)


def stop_run(run_id: str) -> str:
    """Stop the run; return a sentence with its status."""
    jobs.stop(run_id)
    follower = jobs.Follower(run_id)
    end = time.monotonic() + _STOP_S
    while (now := follower.update()).active and time.monotonic() < end:
        time.sleep(_POLL_S)
    if now.active:
        return f"run {run_id} will stop as soon as its worker answers; {resume_hint(run_id)}"
    if now.status == "stopped":
        return f"run {run_id} is stopped; {resume_hint(run_id)}"
    return f"run {run_id} is {now.status}; `python -m core runs show {run_id}` shows the details."


def resume_hint(run_id: str) -> str:
    """Return the end of a sentence: what is kept of an unfinished run, and how to resume it."""
    return f"its finished cycles are kept, and `{resume_command(run_id)}` continues it."


def resume_command(run_id: str) -> str:
    """Return the command that continues an unfinished run."""
    return f"python -m core resume {run_id}"


class _WaitMessages:
    """Messages on standard error about why a run has not started yet, without repetition."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        self._position: int | None = None

    def show(self, now: Snapshot) -> None:
        """Show what has changed for an active run."""
        if now.status == "running":
            return
        if now.problem is not None:
            self._show_once(now.problem.sentence)
        elif now.position is not None:
            starts_soon = now.position.wait_s is not None and now.position.wait_s < _SHORTEST_WAIT_S
            if not starts_soon and now.position.position != self._position:
                self._position = now.position.position
                _write(f"queued: {position_text(now.position)}")
        elif not now.is_served:
            self._show_once(NO_ENGINE)
        elif not current_state().ready:
            self._show_once("the job engine is starting")

    def _show_once(self, message: str) -> None:
        if message not in self._shown:
            self._shown.add(message)
            _write(message)


def _write(message: str) -> None:
    tqdm.write(printable(message), file=sys.stderr)  # above the progress bar, if there is one
