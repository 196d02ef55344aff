"""A server that is full, as a real browser shows it."""

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocketRoute

from tools.http_client import Served, served
from tools.page_server import wait_until

MOST, PAGES = 40, 32
SENTENCE = f"All {PAGES} places of this server are taken; please try again in a minute."


def fill(server: Served, stack: ExitStack, number: int) -> None:
    """Let visitors take so many places until the stack is closed."""
    for _ in range(number):
        connection, answer = server.visit()
        assert answer.status == 101
        stack.callback(connection.close)


def test_a_visitor_of_a_full_server_reads_a_sentence_and_later_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    with served(tmp_path, SLEEP_MAX_CONNECTIONS=str(MOST)) as server:
        page = browser.new_page()
        with ExitStack() as stack:
            fill(server, stack, PAGES)
            page.goto(server.url)
            assert page.inner_text("body").strip() == SENTENCE
        wait_until(lambda: server.ask("/", "Accept: text/html").status == 200)
        page.goto(f"http://localhost:{server.port}")  # by another allowed name
        page.wait_for_selector("h1", timeout=60_000)
        page.close()


def test_a_page_that_lost_its_place_shows_the_sentence(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path, SLEEP_MAX_CONNECTIONS=str(MOST)) as server, ExitStack() as stack:
        page = browser.new_page()
        ends = only_one_connection_of(page)
        page.goto(server.url)
        page.wait_for_selector("h1", timeout=60_000)
        fill(server, stack, PAGES - 1)
        for end in ends:
            end.close()
        wait_until(lambda: took_place(server, stack))
        page.get_by_text(SENTENCE).first.wait_for(timeout=60_000)
        page.close()


def took_place(server: Served, stack: ExitStack) -> bool:
    """Whether the place of the page that lost its connection could be taken."""
    connection, answer = server.visit()
    stack.callback(connection.close)
    return answer.status == 101


def only_one_connection_of(page: Page) -> list[WebSocketRoute]:
    """The two ends of the first websocket of ``page``, to be closed; others are closed at once."""
    ends: list[WebSocketRoute] = []

    def come(socket: WebSocketRoute) -> None:
        if ends:
            socket.close()
        else:
            ends.extend((socket, socket.connect_to_server()))

    page.route_web_socket("**/_stcore/stream", come)
    return ends
