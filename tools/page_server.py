"""The page and its engine as separate processes, for tests and benchmarks in a browser."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.queue import entries
from core.runs.folder import new_run
from core.schedule.config import RunConfig
from core.support import environment
from core.support.locks import is_locked
from tools.http_client import free_port

_START_S = 120
_SHORT = {"num_cycles": 3, "total_eps": 15, "start_fraction_rem": 0, "end_fraction_rem": 0}


class PageServer:
    """The page as `make app` serves it; its runs are written to ``outputs``."""

    def __init__(self, outputs: Path) -> None:
        self._port = str(free_port())
        self.outputs = outputs
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = outputs / "server.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers; raise RuntimeError if it exits."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "app"),
                    *("--server.port", self._port, "--server.address", "127.0.0.1"),
                ],
                cwd=environment.PROJECT,
                env={**os.environ, "SLEEP_OUTPUTS_DIR": str(self.outputs)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self._process.poll() is not None or self._is_healthy())
        if self._process.poll() is not None:
            raise RuntimeError(f"the server did not start: {self.output()}")

    def kill(self) -> None:
        """Kill the server, as a power cut does, and wait until its engine has exited."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=_START_S)
        wait_until(lambda: not is_locked(self.outputs / "engine" / "lock"))

    def terminate(self) -> None:
        """Terminate the server, as Ctrl-C does, and wait until it has exited."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=_START_S)

    def submit(self, person: str = "tester", **changes: Any) -> str:
        """Put a short run into the queue, as another program does; return its id.

        ``person`` owns the run; ``changes`` are fields of its `RunConfig`.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLEEP_OUTPUTS_DIR", str(self.outputs))
            folder = new_run(RunConfig(**{**_SHORT, **changes}), person, 1)
            entries.add(folder.id, person)
        return folder.id

    def stop(self, run_id: str) -> None:
        """Stop a run, as the command line on this machine does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLEEP_OUTPUTS_DIR", str(self.outputs))
            jobs.stop(run_id)

    def output(self) -> str:
        """Return what the server has printed so far."""
        return self._log.read_text("utf-8", "replace")

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                return True
        except OSError:
            return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` returns True; raise AssertionError after two minutes."""
    end = time.monotonic() + _START_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
