"""A real server and a real browser, whose pages must end without errors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebSocket, sync_playwright

from tools.browser import BROWSER_ARGUMENTS, INSTALL_HINT, find_browser, in_ci
from tools.page_server import PageServer


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips the tests if there is none, except in CI."""
    path = find_browser()
    if path is None:
        (pytest.fail if in_ci() else pytest.skip)(f"there is no browser: {INSTALL_HINT}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(BROWSER_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """One server for all tests that do not restart it."""
    yield from _serve(tmp_path_factory.mktemp("outputs"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PageServer]:
    """A new server for a single test."""
    yield from _serve(tmp_path)


def _serve(outputs: Path) -> Iterator[PageServer]:
    server = PageServer(outputs)
    server.start()
    try:
        yield server
    finally:
        server.terminate()
    assert "Traceback" not in server.output()


@dataclass
class Session:
    """A page in a browser, with its errors and its requests to other hosts.

    Attributes
    ----------
    page : Page
        Playwright's page.
    server : Server
        The server of the page.
    errors : list of str
        Exceptions and error messages of the browser's console.
    outside_requests : list of str
        Addresses on other hosts that the page requested.
    messages_sent : int
        Number of messages to the server; a polling page sends two per second.
    """

    page: Page
    server: PageServer
    errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)
    messages_sent: int = 0

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._record_console)
        self.page.on("request", self._record_request)
        self.page.on("websocket", self._record_messages)

    def _record_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _record_request(self, request: Request) -> None:
        own = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(own):
            self.outside_requests.append(request.url)

    def _record_messages(self, socket: WebSocket) -> None:
        def count(_: object) -> None:
            self.messages_sent += 1

        socket.on("framesent", count)

    def open(self, query: str = "") -> Page:
        """Open the page and wait until its charts are drawn."""
        self.page.goto(f"{self.server.url}/{query}")
        self.page.wait_for_selector(".st-key-hypnogram .main-svg", timeout=60_000)
        return self.page

    def close(self) -> None:
        """Close the browser's context with its page."""
        self.page.context.close()


NewSession = Callable[..., Session]


@pytest.fixture
def new_session(browser: Browser) -> Iterator[NewSession]:
    """Open new sessions, each with its own browser context.

    They must end without errors and without requests to other hosts.
    """
    sessions: list[Session] = []

    def new(server: PageServer, width: int = 1280, height: int = 720, **context: Any) -> Session:
        screen = {"width": width, "height": height}
        sessions.append(Session(browser.new_context(viewport=screen, **context).new_page(), server))
        return sessions[-1]

    yield new
    for session in sessions:
        session.close()
    for session in sessions:
        assert session.errors == []
        assert session.outside_requests == []


@pytest.fixture
def session(new_session: NewSession, server: PageServer) -> Session:
    """A session on a small desktop screen."""
    return new_session(server)
