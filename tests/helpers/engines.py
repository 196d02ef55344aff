"""Shared by the engine's tests: a real engine per test, and runs that are compared bit for bit."""

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
from core.runs.events import Event
from core.runs.folder import RunFolder, find_run, new_run
from core.runs.log import LOG, RunReader
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.support.files import read_json

TIMEOUT_S = 180.0  # a test must not fail because the machine is busy

# One stage per cycle and few images: about two seconds.
SHORT_RUN = RunConfig(
    split="digits",
    total_eps=2,
    num_cycles=1,
    num=2,
    start_fraction_rem=0.0,
    end_fraction_rem=0.0,
    device="cpu",
)
LONG_RUN = RunConfig(split="digits", total_eps=4_000, num_cycles=4, device="cpu")


def wait_until(condition: Callable[[], Any], within_s: float = TIMEOUT_S, message: str = "") -> Any:
    """Wait until a condition is true, and return its value.

    Parameters
    ----------
    condition : callable
        Called repeatedly until it returns a true value.
    within_s : float, default TIMEOUT_S
        Longest wait in seconds.
    message : str
        Message of the failure; by default a general one.

    Returns
    -------
    object
        The true value.

    Raises
    ------
    AssertionError
        If the condition stays false for ``within_s`` seconds.
    """
    end = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < end, message or "the condition did not become true"
        time.sleep(0.01)
    return value


def is_running(process: psutil.Process) -> bool:
    """Return whether ``process`` runs. A process that exited does not, even if not reaped yet.

    Process 1 reaps the processes of an ended engine; in a plain container it does so late or never.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_running_pid(pid: int) -> bool:
    """Return whether a process with this number runs, as `is_running` does."""
    try:
        return is_running(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def wait_until_ended(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of ``processes`` runs; fail and list those that still do."""
    remaining = list(processes)
    end = time.monotonic() + TIMEOUT_S
    while remaining := [process for process in remaining if is_running(process)]:
        assert time.monotonic() < end, f"still running: {remaining}"
        time.sleep(0.01)


class Engine:
    """An engine that serves the current outputs folder, registered as used until `release`."""

    def __init__(self) -> None:
        self.user = engine_users.register_user()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = engine_process.start_engine()
        assert process is not None, "another engine serves this folder"
        return process

    def wait_until_ready(self) -> None:
        """Wait until the engine accepts runs."""
        wait_until(lambda: engine_state.current_state().ready, message="the engine is not ready")

    def processes(self) -> list[psutil.Process]:
        """Return the engine's process and all its descendants."""
        try:
            engine = psutil.Process(self.process.pid)
            return [engine, *engine.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Kill the engine's process and wait until all its descendants have ended."""
        processes = self.processes()
        self.process.kill()
        self.process.wait()
        wait_until_ended(processes)

    def restart(self) -> None:
        """Start an engine again after `kill`."""
        self.process = self._start()

    def release(self) -> None:
        """End the use of the engine, and wait until it and all its descendants have ended."""
        processes = self.processes()
        self.user.release()
        self.process.wait(timeout=TIMEOUT_S)
        wait_until_ended(processes)


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Start an engine for the block; kill it at the end if it still runs."""
    engine = Engine()
    try:
        yield engine
    finally:
        if engine.process.poll() is None:
            os.killpg(engine.process.pid, signal.SIGKILL)
            engine.process.wait()


def worker_pid(run_id: str) -> int | None:
    """Return the process that executes a run now, from its heartbeat; None if none does."""
    folder = find_run(run_id)
    pid = read_json(folder.heartbeat).get("pid")
    if not (folder.is_running() and isinstance(pid, int) and is_running_pid(pid)):
        return None
    return pid


def has_trained(run_id: str) -> bool:
    """Return whether a run has finished at least one epoch."""
    log = find_run(run_id).path / LOG
    return log.exists() and b'"EpochDone"' in log.read_bytes()


def wait_until_over(run_id: str, within_s: float = 300.0) -> Snapshot:
    """Wait until a run is neither queued nor running, and return its last snapshot."""

    def snapshot_if_over() -> Snapshot | None:
        snapshot = jobs.state(run_id)
        return None if snapshot.active else snapshot

    return wait_until(snapshot_if_over, within_s, f"run {run_id} does not end")


def read_events(run_id: str) -> list[Event]:
    """Return the events in the log of a run so far."""
    return list(RunReader(find_run(run_id).path).read())


def execute_here(config: RunConfig) -> RunFolder:
    """Execute a new run of ``config`` in this process without interruption."""
    from core.engine.run_execution import execute_run

    folder = new_run(config, "ada", 1)
    for _ in execute_run(folder):
        pass
    return folder


def result_bits(folder: RunFolder) -> Any:
    """Return all results of a run except its duration, in a form to compare bit for bit."""
    state = fold(RunState(), RunReader(folder.path).read())
    checkpoint = max(folder.checkpoints.glob("cycle-*.safetensors"))
    assert state.night is not None
    night = replace(state.night, config={**state.night.config})
    results = replace(state, seconds=None, night=night)
    return _bits(results), checkpoint.name, checkpoint.read_bytes()


def _bits(value: Any) -> Any:
    if isinstance(value, StoredArray):
        array = value.load()
        return array.dtype.str, array.shape, array.tobytes()
    if is_dataclass(value):
        return {field.name: _bits(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_bits(item) for item in value]
    return value.hex() if isinstance(value, float) else value


def use_outputs_folder(folder: Path, monkeypatch: Any) -> Path:
    """Use ``folder`` as the outputs folder of this test, and return it."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(folder))
    # Only the test starts engines: one that `submit` started would run until the last test.
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)
    monkeypatch.setattr(jobs.client, "keep_engine", lambda: None)
    return folder
