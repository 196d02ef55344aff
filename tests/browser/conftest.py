"""A real server, a real browser, and visitors whose visits must end without faults."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, WebSocket, sync_playwright

from tools.browser import HOW_TO_GET_ONE, QUIET, find_browser, in_ci
from tools.page_server import Server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips where there is none, except in CI."""
    path = find_browser()
    if path is None:
        (pytest.fail if in_ci() else pytest.skip)(f"there is no browser: {HOW_TO_GET_ONE}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it as it is."""
    yield from _served(tmp_path_factory.mktemp("outputs"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for a test that kills it, or wants it as nobody has used it."""
    yield from _served(tmp_path)


def _served(outputs: Path) -> Iterator[Server]:
    server = Server(outputs)
    server.start()
    try:
        yield server
    finally:
        server.end()
    assert "Traceback" not in server.said()


@dataclass
class Visit:
    """A page in the browser, with what went wrong on it and whom it asked.

    ``sent`` counts the messages to the server, of which a page that polls has two a second.
    """

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", self._note_request)
        self.page.on("websocket", lambda socket: self._count(socket))

    def _note_request(self, request: Request) -> None:
        own = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(own):
            self.outside.append(request.url)

    def _count(self, socket: WebSocket) -> None:
        def one_more(_: object) -> None:
            self.sent += 1

        socket.on("framesent", one_more)

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

    def come(server: Server, width: int = 1280, height: int = 720, **context: Any) -> Visit:
        screen = {"width": width, "height": height}
        visits.append(Visit(browser.new_context(viewport=screen, **context).new_page(), server))
        return visits[-1]

    yield come
    for visit in visits:
        visit.leave()
    for visit in visits:
        assert visit.faults == []
        assert visit.outside == []


@pytest.fixture
def visit(visitors: Visitors, server: Server) -> Visit:
    """A visit on a small desktop."""
    return visitors(server)
