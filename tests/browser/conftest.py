"""A real server and a real browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from core import settings
from core.config import RunConfig
from core.engine import queue
from core.store.folder import new_run
from core.store.locks import held
from tests.browser.find import HOW_TO_GET_ONE, find_browser, in_ci

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_START_S = 60
_SHORT = {"num_cycles": 3, "total_eps": 15, "start_fraction_rem": 0, "end_fraction_rem": 0}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips where there is none, except in CI."""
    path = find_browser()
    if path is None:
        (pytest.fail if in_ci() else pytest.skip)(f"there is no browser: {HOW_TO_GET_ONE}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield chromium
        chromium.close()


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
                cwd=settings.PROJECT,
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
        self._process.wait(timeout=30)
        wait_until(lambda: not held(self.outputs / "engine" / "lock"))

    def end(self) -> None:
        """End it as Ctrl-C does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)

    def ask(self, person: str = "tester", **changes: Any) -> str:
        """Put a short night into the queue, as another program would; its id."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLEEP_OUTPUTS_DIR", str(self.outputs))
            folder = new_run(RunConfig(**{**_SHORT, **changes}), person, 1)
            queue.put(folder.id, person)
        return folder.id

    def said(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                return True
        except OSError:
            return False


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it as it is."""
    yield from _served(tmp_path_factory.mktemp("outputs"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for a test that kills it."""
    yield from _served(tmp_path)


def _served(outputs: Path) -> Iterator[Server]:
    server = Server(outputs)
    server.start()
    try:
        yield server
    finally:
        server.end()
    assert "Traceback" not in server.said()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what no page shows."""
    end = time.monotonic() + _START_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@dataclass
class Visit:
    """A page in the browser, with what went wrong on it and whom it asked."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", self._note_request)

    def _note_request(self, request: Request) -> None:
        own = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(own):
            self.outside.append(request.url)

    def open(self, query: str = "") -> Page:
        """Go to the page and wait until its charts are drawn."""
        self.page.goto(f"{self.server.url}/{query}")
        self.page.wait_for_selector(".st-key-hypnogram .main-svg", timeout=60_000)
        return self.page

    def leave(self) -> None:
        """Close the browser."""
        self.page.context.close()


Visitors = Callable[..., Visit]


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    """Lets one visitor after the other in, each with a browser context of their own.

    Their visits must end without faults and without a question to any other host.
    """
    visits: list[Visit] = []

    def come(server: Server, width: int = 1280) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 844})
        visits.append(Visit(context.new_page(), server))
        return visits[-1]

    yield come
    for visit in visits:
        visit.leave()
        assert visit.faults == []
        assert visit.outside == []


@pytest.fixture
def visit(visitors: Visitors, server: Server, request: pytest.FixtureRequest) -> Visit:
    """A visit on a desktop, or of the width given with ``indirect``."""
    return visitors(server, getattr(request, "param", 1280))
