"""Shared by the benchmarks: engines with an empty outputs folder, and their memory."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psutil

from core.queue import engine_state, entries
from core.runs.folder import new_run
from core.schedule.config import RunConfig
from core.support.environment import PROJECT


def fresh_engine(workers: int | None = None) -> AbstractContextManager[psutil.Process]:
    """Start an engine with an empty outputs folder; it is ready, and ends with the block.

    ``workers`` is the number of its workers; default one per available core.
    """
    options = [] if workers is None else ["--workers", str(workers)]
    return _start("core", "serve-engine", *options)


def fresh_program() -> AbstractContextManager[psutil.Process]:
    """Start the page's program with an empty outputs folder; its engine is ready."""
    return _start("app", "--server.port", str(free_port()))


@contextmanager
def _start(*module: str) -> Iterator[psutil.Process]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SLEEP_OUTPUTS_DIR"] = folder
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: engine_state.current_state().ready)
        yield psutil.Process(process.pid)
        process.terminate()
        process.wait()
        wait_until(lambda: not engine_state.is_alive())


def free_port() -> int:
    """Return a port that no process uses now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def submit(config: RunConfig, threads: int | None = None) -> str:
    """Queue a run as `jobs.submit` does, but start no engine."""
    folder = new_run(config, "benchmark", threads)
    entries.add(folder.id, "benchmark")
    return folder.id


def memory_mb(program: psutil.Process) -> float:
    """Return the proportional set size of a program and its descendants in MB.

    It counts pages that they share once.
    """
    processes = [program, *program.children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes) / 2**20


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` returns true."""
    while not condition():
        time.sleep(0.01)
