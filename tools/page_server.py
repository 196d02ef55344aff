"""The dashboard as a program of its own, for tests and benchmarks that look at it from outside."""

import os
import socket
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
from core.support.locks import held

_START_S = 120
_SHORT = {"num_cycles": 3, "total_eps": 15, "start_fraction_rem": 0, "end_fraction_rem": 0}


class Server:
    """The dashboard as `make app` serves it; its nights are written to ``outputs``."""

    def __init__(self, outputs: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        self.outputs = outputs
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = outputs / "server.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until there is an answer."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "app"),
                    *("--server.port", self._port, "--server.address", "127.0.0.1"),
                ],
                cwd=environment.PROJECT,
                env={**os.environ, "SLEEP_OUTPUTS_DIR": str(self.outputs)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self._process.poll() is not None or self._healthy())
        if self._process.poll() is not None:
            raise RuntimeError(f"the dashboard did not start: {self.said()}")

    def kill(self) -> None:
        """End it as a switched-off machine does, and wait until its engine has noticed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=_START_S)
        wait_until(lambda: not held(self.outputs / "engine" / "lock"))

    def end(self) -> None:
        """End it as Ctrl-C does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=_START_S)

    def ask(self, person: str = "tester", **changes: Any) -> str:
        """Put a short night into the queue, as another program would; its id."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLEEP_OUTPUTS_DIR", str(self.outputs))
            folder = new_run(RunConfig(**{**_SHORT, **changes}), person, 1)
            entries.add(folder.id, person)
        return folder.id

    def stop(self, run_id: str) -> None:
        """Stop a run as the host's command line does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLEEP_OUTPUTS_DIR", str(self.outputs))
            jobs.stop(run_id)

    def said(self) -> str:
        """What it has printed so far."""
        return self._log.read_text("utf-8", "replace")

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                return True
        except OSError:
            return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what no page shows."""
    end = time.monotonic() + _START_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
