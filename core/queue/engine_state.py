"""What the engine tells: whether it is ready, who is asleep, and when the others' turn is."""

import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from core.queue.engine_users import has_users
from core.queue.paths import engine_folder, engine_lock_file, engine_state_file
from core.support.files import make_folders, read_json, write_json
from core.support.locks import Lock, acquire, held
from core.support.validation import positive_number

_SILENT_S = 10.0  # a living engine beats every second
_STARTING_S = 120.0  # while it imports torch and starts its workers it cannot beat


@dataclass(frozen=True)
class QueuePosition:
    """A waiting run's turn: ``position`` 1 is next; ``wait_s`` is None where nobody can tell."""

    position: int
    wait_s: float | None


@dataclass(frozen=True)
class EngineState:
    """``ready``: it takes nights. ``problem``: the sentence for why it cannot. ``pace``: how much
    slower than the reference machine nights are here (see `pace`)."""

    ready: bool = False
    workers: int = 0
    scheduler: str = ""
    pid: int = 0
    pace: float = 1.0
    asleep: tuple[str, ...] = ()
    waiting: tuple[tuple[str, float | None], ...] = ()
    problem: str | None = None

    def place(self, run_id: str) -> QueuePosition | None:
        """Where in the queue a run is, None if it does not wait there."""
        for position, (waiting, seconds) in enumerate(self.waiting, start=1):
            if waiting == run_id:
                return QueuePosition(position, seconds)
        return None


def is_alive() -> bool:
    """Whether an engine serves the outputs folder, be it ready or not yet."""
    return held(engine_lock_file())


def take_engine_lock() -> Lock | None:
    """The lock of the engine that serves the outputs folder; None if an engine has it.

    Raises OSError where the engine's folder cannot be made.
    """
    make_folders(engine_folder())
    return acquire(engine_lock_file())


def publish(state: EngineState) -> None:
    """Tell everybody; raises OSError where that is not possible."""
    make_folders(engine_folder())
    write_json(engine_state_file(), asdict(state), durable=False)


def last_published() -> EngineState:
    """What an engine told last, which may be gone since: see `is_alive`."""
    values = read_json(engine_state_file())
    try:
        waiting = tuple(
            (str(run), None if seconds is None else float(seconds))
            for run, seconds in values.pop("waiting", ())
        )
        asleep = tuple(values.pop("asleep", ()))
        pace = positive_number("pace", values.pop("pace", 1.0))
        return EngineState(**values, pace=pace, waiting=waiting, asleep=asleep)
    except (TypeError, ValueError):  # another version of the program told it
        return EngineState()


def is_served(now: EngineState) -> bool:
    """Whether an engine works on the queue or will be started; ``now`` is a `current_state`.

    An engine is alive, or a program that keeps one; and nothing is known that stops it.
    """
    return now.problem is None and (is_alive() or has_users())


def touch_heartbeat() -> None:
    """Show that the engine's main loop works: the state file's time of change is now."""
    with suppress(OSError):
        os.utime(engine_state_file())


def current_state() -> EngineState:
    """The state of the engine that is alive; not ready if there is none or it does not answer."""
    told = last_published()
    if not is_alive():
        return EngineState(pace=told.pace, problem=told.problem)
    problem = _silence(told)
    if problem is None:
        return told
    return EngineState(workers=told.workers, pid=told.pid, pace=told.pace, problem=problem)


def _silence(told: EngineState) -> str | None:
    """The sentence for an engine that lives and does not work, None for one that works."""
    try:
        beaten = engine_state_file().stat().st_mtime
    except OSError:  # it has not told anything yet, or the disk is full
        return None
    if time.time() - beaten <= (_SILENT_S if told.ready else _STARTING_S):
        return None
    since = time.strftime("%H:%M:%S", time.localtime(beaten))
    which = f"process {told.pid}" if told.pid else "its process is starting"
    return (
        f"the job engine ({which}) has not answered since {since}, so no run can start; if it "
        "does not recover, end that process, and the page or a waiting command starts another."
    )
