"""Runs in every state that a job can be in, without an engine, for the tests of `core.jobs`."""

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
from tools.sample_runs import RUN, made_night, put_run

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
NIGHT = made_night(CONFIG, pretraining=2)
BEGUN = NIGHT[:9]
BESIDE = "the disk is full."
LOGS: dict[str, list[Event]] = {
    "no log": [],
    "pre-training": NIGHT[:1],
    "begun": BEGUN,
    "done": NIGHT,
    "stopped": [*BEGUN, NightStopped()],
    "failed": [*BEGUN, NightFailed("its worker died.")],
    "resumed": [*BEGUN, NightStopped(), NightResumed(0, {})],
    "damaged": BEGUN,
}


def put(log: str, run_id: str = RUN) -> RunFolder:
    """A run whose log is as `LOGS` says."""
    folder = put_run(run_id, LOGS[log])
    if log == "damaged":
        damage(folder)
    return folder


def damage(folder: RunFolder) -> None:
    with (folder.path / LOG).open("ab") as file:
        file.write(b"{}\n")


def events(folder: RunFolder) -> list[Event]:
    return RunReader(folder.path).read()


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder but locks, which those who ask for one may make."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path): path.read_bytes() for path in files}


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """As if a process that is at work held the lock on ``path``; None for no lock."""
    if path is None:
        yield
        return
    lock = acquire(path)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(told: EngineState | None) -> Iterator[None]:
    """As if an engine were there and had told this; None for none."""
    if told is None:
        yield
        return
    engine_state.publish(told)
    with locked(engine_lock_file()):
        yield
