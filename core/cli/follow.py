"""Following a run that the job engine sleeps, in a terminal."""

import sys
import time

from tqdm import tqdm

from core import jobs
from core.cli.progress import Progress
from core.cli.text import kept
from core.jobs import Snapshot
from core.jobs.wait_text import NO_ENGINE, position_text
from core.queue.engine_state import current_state
from core.queue.problems import EngineProblemError, ProblemCode
from core.support.text import printable

_POLL_S = 0.05
_STOP_S = 10.0  # a worker that answers takes a step's time
_SOON_S = 1.0  # a shorter wait is over before anybody has read of it


def follow_run(run_id: str) -> Snapshot:
    """Show the run until it is over, and say where it is then.

    Raises `EngineError`, with the run taken out of the queue, when the engine is told to use a
    Dask scheduler that does not answer: no waiting helps then.
    """
    follower = jobs.Follower(run_id)
    news = _News()
    with Progress() as progress:
        while True:
            now = follower.update()
            for event in follower.new:
                progress.show(event)
            if not now.active:
                return now
            problem = now.problem
            if problem is not None and problem.code is ProblemCode.SCHEDULER_UNREACHABLE:
                jobs.stop(run_id)
                raise EngineProblemError(problem)
            news.tell(now)
            time.sleep(_POLL_S)


def stop_run(run_id: str) -> str:
    """Stop the run, and say in one sentence what became of it."""
    jobs.stop(run_id)
    follower = jobs.Follower(run_id)
    end = time.monotonic() + _STOP_S
    while (now := follower.update()).active and time.monotonic() < end:
        time.sleep(_POLL_S)
    if now.active:
        return f"run {run_id} stops as soon as its worker answers; {kept(run_id)}"
    if now.status == "stopped":
        return f"run {run_id} is stopped; {kept(run_id)}"
    return f"run {run_id} is {now.status}; `python -m core runs show {run_id}` tells more."


class _News:
    """Why a run does not begin yet: told on standard error, and not again while it stays so."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._position: int | None = None

    def tell(self, now: Snapshot) -> None:
        """Say what is new about a run that is ``now`` active."""
        if now.status == "running":
            return
        if now.problem is not None:
            self._once(now.problem.sentence)
        elif now.place is not None:
            soon = now.place.wait_s is not None and now.place.wait_s < _SOON_S
            if not soon and now.place.position != self._position:
                self._position = now.place.position
                _say(f"queued: {position_text(now.place)}")
        elif not now.is_served:
            self._once(NO_ENGINE)
        elif not current_state().ready:
            self._once("the job engine is starting")

    def _once(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            _say(what)


def _say(what: str) -> None:
    tqdm.write(printable(what), file=sys.stderr)  # above the bar, if there is one
