"""A full server, as a real browser shows it."""

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocketRoute

from tools.http_client import ServerProcess, running_server
from tools.page_server import wait_until

MAX_CONNECTIONS, PAGES = 40, 32
SENTENCE = f"All {PAGES} places of this server are taken; please try again in a minute."


def _fill(server: ServerProcess, stack: ExitStack, number: int) -> None:
    """Open ``number`` pages until the stack is closed."""
    for _ in range(number):
        connection, answer = server.open_page()
        assert answer.status == 101
        stack.callback(connection.close)


def test_a_full_server_shows_a_sentence_and_later_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    with running_server(tmp_path, SLEEP_MAX_CONNECTIONS=str(MAX_CONNECTIONS)) as server:
        page = browser.new_page()
        with ExitStack() as stack:
            _fill(server, stack, PAGES)
            page.goto(server.url)
            assert page.inner_text("body").strip() == SENTENCE
        wait_until(lambda: server.request("/", "Accept: text/html").status == 200)
        page.goto(f"http://localhost:{server.port}")  # another allowed name of the host
        page.wait_for_selector("h1", timeout=60_000)
        page.close()


def test_a_page_that_lost_its_connection_to_a_full_server_shows_the_sentence(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        running_server(tmp_path, SLEEP_MAX_CONNECTIONS=str(MAX_CONNECTIONS)) as server,
        ExitStack() as stack,
    ):
        page = browser.new_page()
        ends = _allow_one_connection(page)
        page.goto(server.url)
        page.wait_for_selector("h1", timeout=60_000)
        _fill(server, stack, PAGES - 1)
        for end in ends:
            end.close()
        wait_until(lambda: _can_connect(server, stack))
        page.get_by_text(SENTENCE).first.wait_for(timeout=60_000)
        page.close()


def _can_connect(server: ServerProcess, stack: ExitStack) -> bool:
    """Open a page; return whether the server accepted it."""
    connection, answer = server.open_page()
    stack.callback(connection.close)
    return answer.status == 101


def _allow_one_connection(page: Page) -> list[WebSocketRoute]:
    """Let ``page`` open a single websocket; return both ends of it."""
    ends: list[WebSocketRoute] = []

    def on_open(socket: WebSocketRoute) -> None:
        if ends:
            socket.close()
        else:
            ends.extend((socket, socket.connect_to_server()))

    page.route_web_socket("**/_stcore/stream", on_open)
    return ends
