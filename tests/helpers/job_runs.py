"""Runs in every state that a client can meet, without an engine, for the tests of `core.jobs`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.queue import engine_state
from core.queue.engine_state import EngineState
from core.queue.paths import engine_lock_file
from core.runs.events import Event, NightFailed, NightResumed, NightStopped
from core.runs.folder import RunFolder
from core.runs.log import LOG, RunReader
from core.schedule.config import RunConfig
from core.support.locks import acquire
from tools.sample_runs import RUN, create_run, night_events

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
NIGHT = night_events(CONFIG, pretraining=2)
STARTED = NIGHT[:9]
UNLOGGED_FAILURE = "the disk is full."
LOGS: dict[str, list[Event]] = {
    "no log": [],
    "pre-training": NIGHT[:1],
    "started": STARTED,
    "done": NIGHT,
    "stopped": [*STARTED, NightStopped()],
    "failed": [*STARTED, NightFailed("its worker died.")],
    "resumed": [*STARTED, NightStopped(), NightResumed(0, {})],
    "damaged": STARTED,
}
"""Events of each kind of log; a "damaged" log has one more line, which is not an event."""


def write_run(log: str, run_id: str = RUN) -> RunFolder:
    """Write a run that alice owns and whose log is `LOGS[log]`."""
    folder = create_run(run_id, LOGS[log], person="alice")
    if log == "damaged":
        damage_log(folder)
    return folder


def damage_log(folder: RunFolder) -> None:
    """Append a line that is not an event."""
    with (folder.path / LOG).open("ab") as file:
        file.write(b"{}\n")


def read_events(folder: RunFolder) -> list[Event]:
    """Return all events in the run's log."""
    return RunReader(folder.path).read()


def file_contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below ``folder``, by path.

    Lock files are left out, because acquiring a lock may create its file.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path): path.read_bytes() for path in files}


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Hold the lock on ``path``, as a working process does; None holds no lock."""
    if path is None:
        yield
        return
    lock = acquire(path)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(state: EngineState | None) -> Iterator[None]:
    """Publish ``state`` and hold the engine's lock, as a running engine does; None does nothing."""
    if state is None:
        yield
        return
    engine_state.publish(state)
    with locked(engine_lock_file()):
        yield
