"""State that the engine publishes: whether it is ready, what it runs, and the queue's order."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from core.queue.engine_users import has_users
from core.queue.paths import engine_folder, engine_lock_file, engine_state_file
from core.queue.problems import Problem, ProblemCode
from core.support.files import create_folders, read_json, write_json
from core.support.locks import Lock, acquire, is_locked
from core.support.validation import positive_number

_READY_TIMEOUT_S = 10.0  # a working engine touches its state file every second
_START_TIMEOUT_S = 120.0  # it does not while it imports torch and starts its workers

# The state file's keys for fields that had other names in earlier versions. They stay, so that a
# client and an engine of different versions can read each other's files.
_FILE_KEYS = {"running": "asleep", "slowdown": "pace"}


@dataclass(frozen=True)
class QueuePosition:
    """Position of a queued run: 1 starts next.

    ``wait_s`` is the expected waiting time in seconds, None if it is unknown.
    """

    position: int
    wait_s: float | None


@dataclass(frozen=True)
class EngineState:
    """State of the engine at one moment.

    Attributes
    ----------
    ready : bool, default False
        Whether the engine starts runs from the queue.
    workers : int, default 0
        Number of connected worker processes.
    scheduler : str, default ""
        Address of the Dask scheduler, "" before the engine is connected to it.
    pid : int, default 0
        Process number of the engine, 0 if it is unknown.
    slowdown : float, default 1.0
        Factor by which a night takes longer here than on the reference machine, see
        `core.queue.estimates`.
    running : tuple of str, default ()
        Ids of the runs that workers run now.
    waiting : tuple of (str, float or None), default ()
        Ids of the queued runs in the order in which they will start, each with its expected
        waiting time in seconds, None if that is unknown.
    problem : Problem or None, default None
        Why the engine cannot run anything, None if it can.
    """

    ready: bool = False
    workers: int = 0
    scheduler: str = ""
    pid: int = 0
    slowdown: float = 1.0
    running: tuple[str, ...] = ()
    waiting: tuple[tuple[str, float | None], ...] = ()
    problem: Problem | None = None

    def position(self, run_id: str) -> QueuePosition | None:
        """Return the position of a run in the queue, None if it is not waiting there."""
        for position, (waiting_run, wait_s) in enumerate(self.waiting, start=1):
            if waiting_run == run_id:
                return QueuePosition(position, wait_s)
        return None


def is_alive() -> bool:
    """Return whether an engine's process serves the outputs folder, ready or not."""
    return is_locked(engine_lock_file())


def take_engine_lock() -> Lock | None:
    """Acquire the lock of the outputs folder's engine; return None if an engine holds it.

    Raises OSError if the engine's folder cannot be created.
    """
    create_folders(engine_folder())
    return acquire(engine_lock_file())


def publish(state: EngineState) -> None:
    """Write ``state`` to the state file, which clients read. Raises OSError if that fails."""
    create_folders(engine_folder())
    values = {_FILE_KEYS.get(name, name): value for name, value in asdict(state).items()}
    write_json(engine_state_file(), values, durable=False)


def last_published() -> EngineState:
    """Return the content of the state file, whether or not its engine is still running.

    A missing or damaged file, or one of an unknown version, counts as the default state.
    """
    values = read_json(engine_state_file())
    try:
        return _from_file(values)
    except (KeyError, TypeError, ValueError):
        return EngineState()


def is_served(state: EngineState) -> bool:
    """Return whether an engine works on the queue or will be started.

    ``state`` is the `current_state`. The queue is served if an engine's process or a program that
    starts one is running, and no problem is known.
    """
    return state.problem is None and (is_alive() or has_users())


def touch_heartbeat() -> None:
    """Set the state file's modification time, which shows that the engine's main loop works."""
    with suppress(OSError):
        os.utime(engine_state_file())


def current_state() -> EngineState:
    """Return the published state if an engine is running and responds, else one that is not ready.

    A state that is not ready keeps the published slowdown; its ``problem`` is the reason why the
    engine does not work, if that is known.
    """
    published = last_published()
    if not is_alive():
        return EngineState(slowdown=published.slowdown, problem=published.problem)
    problem = _silence(published)
    if problem is None:
        return published
    return EngineState(
        workers=published.workers,
        pid=published.pid,
        slowdown=published.slowdown,
        problem=problem,
    )


def _from_file(values: Mapping[str, Any]) -> EngineState:
    """Parse a state file; raise KeyError, TypeError or ValueError if it has another format."""
    fields = dict(values)
    for name, key in _FILE_KEYS.items():
        if key in fields:
            fields[name] = fields.pop(key)
    fields["slowdown"] = positive_number("slowdown", fields.get("slowdown", 1.0))
    fields["running"] = tuple(fields.get("running", ()))
    fields["waiting"] = tuple(
        (str(run), None if wait_s is None else float(wait_s))
        for run, wait_s in fields.get("waiting", ())
    )
    fields["problem"] = _problem(fields.get("problem"))
    return EngineState(**fields)


def _problem(value: Any) -> Problem | None:
    if isinstance(value, str):  # earlier versions stored the sentence
        return Problem(ProblemCode.ENGINE_FAILED, {"reason": value})
    return None if value is None else Problem.from_values(value)


def _silence(published: EngineState) -> Problem | None:
    """Return the problem of a running engine that does not respond, None if it responds."""
    try:
        heartbeat = engine_state_file().stat().st_mtime
    except OSError:  # it has not published anything yet, or the disk is full
        return None
    timeout_s = _READY_TIMEOUT_S if published.ready else _START_TIMEOUT_S
    if time.time() - heartbeat <= timeout_s:
        return None
    since = time.strftime("%H:%M:%S", time.localtime(heartbeat))
    if published.pid:
        return Problem(ProblemCode.ENGINE_SILENT, {"pid": published.pid, "since": since})
    return Problem(ProblemCode.ENGINE_START_SILENT, {"since": since})
