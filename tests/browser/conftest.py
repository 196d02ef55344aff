"""A real server and a real browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

from core import settings
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


@dataclass(frozen=True)
class Server:
    """The dashboard, served; ``outputs`` is where its nights are written."""

    url: str
    outputs: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard as `make app` serves it, on a free port."""
    outputs = tmp_path_factory.mktemp("outputs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = outputs / "server.txt"
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
            cwd=settings.PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": str(outputs)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, log)
        yield Server(url, outputs)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start: {log.read_text('utf-8', 'replace')}")


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


@pytest.fixture
def visit(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit on a desktop, or of the width given with ``indirect``; must end without faults."""
    size: ViewportSize = {"width": getattr(request, "param", 1280), "height": 844}
    context = browser.new_context(viewport=size)
    visit = Visit(context.new_page(), server)
    yield visit
    context.close()
    assert visit.faults == []
    assert visit.outside == []
