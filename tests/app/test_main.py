"""`python -m app` starts an engine, serves the page and exits without a traceback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.server import run
from app.server.limits import Capacity
from core import jobs
from core.support import environment
from tests.conftest import run_async

_START_S = 60


def test_the_engine_is_started_before_the_page_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(jobs, "keep_engine", lambda: calls.append("engine"))
    monkeypatch.setenv("SLEEP_MAX_CONNECTIONS", "70")
    monkeypatch.setenv("SLEEP_ALLOWED_HOSTS", "a.example")
    monkeypatch.setattr(run, "serve", lambda *arguments: calls.append(arguments))
    main(["--server.port", "9000"])
    assert calls == ["engine", (["--server.port", "9000"], 70, ("a.example",))]


def test_the_web_server_ignores_forwarded_addresses() -> None:
    headers = [(b"x-forwarded-for", b"198.51.100.7")]
    scope: dict[str, Any] = {"type": "websocket", "client": ("127.0.0.1", 5), "headers": headers}
    clients: list[object] = []

    async def app(scope: Any, *_: Any) -> None:
        clients.append(scope["client"])

    served = run.server_config(app, Capacity(10, 5))
    run_async(served.loaded_app(scope, None, None))
    assert clients == [("127.0.0.1", 5)]


def _serve(output: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Serve the page without an engine: no file can be created in its outputs folder."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    with output.open("wb") as file:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "app"),
                *("--server.address", "127.0.0.1", "--server.port", port),
            ],
            cwd=environment.PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return process, f"http://127.0.0.1:{port}"


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_served_without_an_engine_and_a_signal_ends_it(
    number: signal.Signals, tmp_path: Path
) -> None:
    output = tmp_path / "output.txt"
    process, url = _serve(output)
    try:
        end = time.monotonic() + _START_S
        while not _healthy(url):
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    log = output.read_text()
    assert log.count("No engine could be started") == 1
    assert "Traceback" not in log


def test_ctrl_c_before_the_page_is_served_exits_without_a_traceback(tmp_path: Path) -> None:
    # The keyboard interrupt arrives while the engine is being started.
    code = """
import runpy
from core import jobs
def interrupt():
    raise KeyboardInterrupt
jobs.keep_engine = interrupt
runpy.run_module("app", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=environment.PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr == ""
