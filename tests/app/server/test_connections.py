"""The page's server and very many connections: neighbours are served, the log stays small."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.components.figure import LIBRARY
from tools.http_client import Answer, Served, read_answer, served
from tools.page_server import wait_until

MANY = 300
SMALL_LOG = 20_000  # bytes; it grew by megabytes
MOST, PAGES = 20, 16  # connections, and pages among them
PAGE = "Accept: text/html,application/xhtml+xml"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Served]:
    """A server with room for few."""
    with served(tmp_path, SLEEP_MAX_CONNECTIONS=str(MOST)) as server:
        yield server


def visits(server: Served, stack: ExitStack, number: int) -> list[Answer]:
    """The answers to so many visitors, whose connections stay open."""
    answers = []
    for _ in range(number):
        connection, answer = server.visit()
        stack.callback(connection.close)
        answers.append(answer)
    return answers


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4_096,
    reason="needs a hard limit of at least 4,096 file descriptors",
)
def test_300_idle_pages_do_not_exhaust_the_descriptors(tmp_path: Path) -> None:
    with served(tmp_path, soft_limit=1_024) as server, ExitStack() as stack:
        answers = visits(server, stack, MANY)
        assert {answer.status for answer in answers} == {101}
        for _ in range(MANY):
            stack.callback(server.connect().close)
        for _ in range(5):
            assert server.health() < 5
        assert visits(server, stack, 1)[0].status == 101
        assert len(server.said()) < SMALL_LOG


def test_silent_connections_make_room_for_a_neighbour(small: Served) -> None:
    before = small.descriptors()
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.callback(small.connect().close)
        assert small.health() < 5
        assert small.descriptors() <= before + MOST + 1
        (answer,) = visits(small, stack, 1)
        assert answer.status == 101
    assert len(small.said()) < SMALL_LOG


def test_a_connection_that_never_asks_is_closed(small: Served) -> None:
    with small.connect() as silent, small.connect() as slow, small.connect() as again:
        again.sendall(f"GET /_stcore/health HTTP/1.1\r\nHost: {small.host}\r\n\r\n".encode())
        assert read_answer(again).status == 200
        again.sendall(b"G")  # of a second request
        slow.settimeout(0.2)
        end = time.monotonic() + 30
        while not closed(slow):
            assert time.monotonic() < end
            with suppress(ConnectionError):
                slow.sendall(b"G")  # a byte now and then does not help
        for connection in (silent, again):
            connection.settimeout(30)
            assert closed(connection)


def closed(connection: socket.socket) -> bool:
    """Whether the server has closed ``connection``, or closes it before the timeout."""
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_server_full_of_pages_says_so_in_a_sentence(small: Served) -> None:
    with ExitStack() as stack:
        first, _ = small.visit()
        stack.callback(first.close)
        assert {answer.status for answer in visits(small, stack, PAGES - 1)} == {101}
        (answer,) = visits(small, stack, 1)
        sentence = f"All {PAGES} places of this server are taken; please try again in a minute."
        assert (answer.status, answer.body) == (503, f"{sentence}\n")
        # A visitor reads it in place of the page, and a page that lost its connection shows it.
        asked = small.ask("/", PAGE)
        assert (asked.status, asked.body) == (503, f"{sentence}\n")
        lost = small.ask("/_stcore/health", f"Referer: http://{small.host}/")
        assert (lost.status, lost.body) == (503, f'"{sentence}"')
        # For the host's own check the server is healthy.
        assert small.ask("/_stcore/health").status == 200
        first.close()
        wait_until(lambda: small.ask("/", PAGE).status == 200)
        assert visits(small, stack, 1)[0].status == 101


def test_where_all_connections_are_busy_the_next_gets_a_sentence(small: Served) -> None:
    with ExitStack() as stack:
        visits(small, stack, PAGES)
        busy = [stack.enter_context(small.connect()) for _ in range(MOST - PAGES)]
        for connection in busy:  # their answers are more than fits between the two programs
            request = f"GET /{LIBRARY} HTTP/1.1\r\nHost: {small.host}\r\n\r\n"
            connection.sendall(30 * request.encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        answer = small.ask("/_stcore/health")
        assert answer.status == 503
        assert (
            answer.body == "This server has too many connections; please try again in a minute.\n"
        )
        assert "connection: close" in answer.head
        for connection in busy:
            connection.close()
        wait_until(lambda: small.ask("/_stcore/health").status == 200)


def test_exhausted_descriptors_are_logged_once_and_the_server_recovers(small: Served) -> None:
    soft, hard = small.process.rlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        small.process.rlimit(resource.RLIMIT_NOFILE, (small.descriptors() + 3, hard))
        for _ in range(MOST):
            stack.callback(small.connect().close)
        wait_until(lambda: "Too many open files" in small.said())
    small.process.rlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert small.health() < 30
    assert small.said().count("Too many open files") <= 2  # the message and its traceback
    assert len(small.said()) < SMALL_LOG


def test_a_repeated_fault_of_a_visitor_is_logged_once(small: Served) -> None:
    for _ in range(MANY):
        connection, answer = small.visit()
        with connection:
            assert answer.status == 101
            connection.sendall(b"\x81\x81\x00\x00\x00\x00a")  # text, where only bytes are expected
            while connection.recv(4_096):
                pass
    assert small.said().count("Traceback") == 1
    assert len(small.said()) < SMALL_LOG


def test_open_pages_do_not_keep_the_server_from_ending(small: Served) -> None:
    with ExitStack() as stack:
        visits(small, stack, PAGES)
        stack.callback(small.connect().close)
        small.process.terminate()
        assert small.process.wait(timeout=20) == 0
