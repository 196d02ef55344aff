"""What the engine's tests share: a real engine of one's own, and runs to compare bit for bit."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from core import jobs
from core.jobs import Snapshot, engine_process
from core.queue import engine_state, engine_users
from core.runs.arrays import StoredArray
from core.runs.folder import RunFolder, find_run, new_run
from core.runs.log import LOG
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.files import read_json

START_S = 180.0  # a busy machine is no reason to fail


def wait(condition: Callable[[], Any], within_s: float = START_S, what: str = "") -> Any:
    """Wait until ``condition`` gives something true, and give that."""
    end = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < end, what or "it never came true"
        time.sleep(0.01)
    return found


def running(process: psutil.Process) -> bool:
    """Return whether ``process`` runs. One that has ended does not, even if not reaped yet.

    Process 1 reaps what an ended engine leaves; in a plain container it does so late or never.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def running_pid(pid: int) -> bool:
    """Return whether a process with this number runs, as `running` does."""
    try:
        return running(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def expect_ended(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of ``processes`` runs; fail with those that still do."""
    left = list(processes)
    end = time.monotonic() + START_S
    while left := [process for process in left if running(process)]:
        assert time.monotonic() < end, f"still running: {left}"
        time.sleep(0.01)


class Engine:
    """An engine that serves the outputs folder of this moment, and can be killed."""

    def __init__(self) -> None:
        self.lease = engine_users.register_user()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = engine_process.start_engine()
        assert process is not None, "another engine serves this folder"
        return process

    def ready(self) -> None:
        wait(lambda: engine_state.current_state().ready, what="the engine is not ready")

    def family(self) -> list[psutil.Process]:
        """The engine's process and all below it."""
        try:
            engine = psutil.Process(self.process.pid)
            return [engine, *engine.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Kill the engine without a warning, and see that nothing of it is left."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        expect_ended(family)

    def start_again(self) -> None:
        self.process = self._start()

    def leave(self) -> None:
        """Need it no more; it ends by itself, and so does all below it."""
        family = self.family()
        self.lease.release()
        self.process.wait(timeout=START_S)
        expect_ended(family)


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine for the block, that ends with it whatever happens."""
    started = Engine()
    try:
        yield started
    finally:
        if started.process.poll() is None:
            os.killpg(started.process.pid, signal.SIGKILL)
            started.process.wait()


def worker_of(run_id: str) -> int | None:
    """The process that sleeps a run now, as its heartbeat says; None if nobody does."""
    folder = find_run(run_id)
    pid = read_json(folder.heartbeat).get("pid")
    if not (folder.asleep() and isinstance(pid, int) and running_pid(pid)):
        return None
    return pid


def trains(run_id: str) -> bool:
    """Whether a run's first epoch is over."""
    log = find_run(run_id).path / LOG
    return log.exists() and b'"EpochDone"' in log.read_bytes()


def finished(run_id: str, within_s: float = 300.0) -> Snapshot:
    """The run once it is over."""

    def over() -> Snapshot | None:
        now = jobs.state(run_id)
        return None if now.active else now

    return wait(over, within_s, f"run {run_id} does not end")


def undisturbed(config: RunConfig) -> RunFolder:
    """A run of ``config``, slept in this process from its first step to its last."""
    from core.engine.run_execution import execute_run

    folder = new_run(config, "nobody", 1)
    for _ in execute_run(folder):
        pass
    return folder


def bits(folder: RunFolder) -> Any:
    """All that a run has come to, but for the time it took, to be compared bit for bit."""
    from core.runs.log import RunReader

    end = fold(RunState(), RunReader(folder.path).read())
    last = max(folder.checkpoints.glob("cycle-*.safetensors"))
    assert end.night is not None
    night = replace(end.night, config={**end.night.config})
    return _bits(replace(end, seconds=None, night=night)), last.name, last.read_bytes()


def _bits(value: Any) -> Any:
    if isinstance(value, StoredArray):
        array = value.load()
        return array.dtype.str, array.shape, array.tobytes()
    if is_dataclass(value):
        return {field.name: _bits(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_bits(item) for item in value]
    return value.hex() if isinstance(value, float) else value


def own_outputs(folder: Path, monkeypatch: Any) -> Path:
    """Let runs and engine lie in ``folder`` from now on."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(folder))
    # No engine but the test's own: `submit` would start one that lives as long as the tests.
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)
    monkeypatch.setattr(jobs.client, "keep_engine", lambda: None)
    return folder
