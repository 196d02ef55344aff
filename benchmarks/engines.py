"""An engine to measure with, and what goes with it."""

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
    """An engine with an outputs folder of its own, ready; it is gone after the block.

    ``workers`` None: as many as it takes by itself.
    """
    options = [] if workers is None else ["--workers", str(workers)]
    return _fresh("core", "serve-engine", *options)


def fresh_program() -> AbstractContextManager[psutil.Process]:
    """The dashboard's program, with an outputs folder of its own, its engine ready."""
    return _fresh("app", "--server.port", str(free_port()))


@contextmanager
def _fresh(*module: str) -> Iterator[psutil.Process]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SLEEP_OUTPUTS_DIR"] = folder
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: engine_state.current_state().ready)
        yield psutil.Process(process.pid)
        process.terminate()
        process.wait()
        wait(lambda: not engine_state.is_alive())


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def submit(config: RunConfig, threads: int | None = None) -> str:
    """As `jobs.submit` does, but without keeping an engine beyond the block that has one."""
    folder = new_run(config, "benchmark", threads)
    entries.add(folder.id, "benchmark")
    return folder.id


def memory(program: psutil.Process) -> float:
    """The proportional memory of a program's processes in MB, shared pages counted once."""
    family = [program, *program.children(recursive=True)]
    return sum(process.memory_full_info().pss for process in family) / 2**20


def wait(condition: Callable[[], bool]) -> None:
    """Until ``condition`` holds."""
    while not condition():
        time.sleep(0.01)
