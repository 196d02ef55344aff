"""Many connections to the page's server: other clients are served, and the log stays small."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.components.figure import LIBRARY
from tools.http_client import Answer, ServerProcess, read_answer, running_server
from tools.page_server import wait_until

MANY = 300
SMALL_LOG = 20_000  # bytes
MAX_CONNECTIONS, MAX_PAGES = 20, 16
ACCEPT_HTML = "Accept: text/html,application/xhtml+xml"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with few allowed connections."""
    with running_server(tmp_path, SLEEP_MAX_CONNECTIONS=str(MAX_CONNECTIONS)) as server:
        yield server


def open_pages(server: ServerProcess, stack: ExitStack, number: int) -> list[Answer]:
    """Open pages and return the answers to their handshakes.

    Parameters
    ----------
    server : ServerProcess
        A running server.
    stack : ExitStack
        Closes the connections of the pages.
    number : int
        Number of pages.

    Returns
    -------
    list of Answer
        One answer per page.
    """
    answers = []
    for _ in range(number):
        connection, answer = server.open_page()
        stack.callback(connection.close)
        answers.append(answer)
    return answers


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4_096,
    reason="needs a hard limit of at least 4,096 file descriptors",
)
def test_300_idle_pages_do_not_exhaust_the_descriptors(tmp_path: Path) -> None:
    with running_server(tmp_path, soft_limit=1_024) as server, ExitStack() as stack:
        answers = open_pages(server, stack, MANY)
        assert {answer.status for answer in answers} == {101}
        for _ in range(MANY):
            stack.callback(server.connect().close)
        for _ in range(5):
            assert server.health() < 5
        assert open_pages(server, stack, 1)[0].status == 101
        assert len(server.output()) < SMALL_LOG


def test_silent_connections_are_closed_to_accept_new_ones(small: ServerProcess) -> None:
    descriptors = small.descriptors()
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.callback(small.connect().close)
        assert small.health() < 5
        assert small.descriptors() <= descriptors + MAX_CONNECTIONS + 1
        (answer,) = open_pages(small, stack, 1)
        assert answer.status == 101
    assert len(small.output()) < SMALL_LOG


def test_a_connection_without_a_complete_request_is_closed(small: ServerProcess) -> None:
    with small.connect() as silent, small.connect() as slow, small.connect() as reused:
        reused.sendall(f"GET /_stcore/health HTTP/1.1\r\nHost: {small.host}\r\n\r\n".encode())
        assert read_answer(reused).status == 200
        reused.sendall(b"G")  # the start of a second request
        slow.settimeout(0.2)
        end = time.monotonic() + 30
        while not is_closed(slow):
            assert time.monotonic() < end
            with suppress(ConnectionError):
                slow.sendall(b"G")  # single bytes do not extend the time limit
        for connection in (silent, reused):
            connection.settimeout(30)
            assert is_closed(connection)


def is_closed(connection: socket.socket) -> bool:
    """Return whether the server closes ``connection`` before its timeout."""
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_server_with_the_maximum_of_open_pages_answers_with_a_sentence(
    small: ServerProcess,
) -> None:
    with ExitStack() as stack:
        first, _ = small.open_page()
        stack.callback(first.close)
        assert {answer.status for answer in open_pages(small, stack, MAX_PAGES - 1)} == {101}
        (answer,) = open_pages(small, stack, 1)
        sentence = f"All {MAX_PAGES} places of this server are taken; please try again in a minute."
        assert (answer.status, answer.body) == (503, f"{sentence}\n")
        # A new visitor gets it instead of the page, and a page that lost its connection shows it.
        answer = small.request("/", ACCEPT_HTML)
        assert (answer.status, answer.body) == (503, f"{sentence}\n")
        answer = small.request("/_stcore/health", f"Referer: http://{small.host}/")
        assert (answer.status, answer.body) == (503, f'"{sentence}"')
        # Other health checks succeed.
        assert small.request("/_stcore/health").status == 200
        first.close()
        wait_until(lambda: small.request("/", ACCEPT_HTML).status == 200)
        assert open_pages(small, stack, 1)[0].status == 101


def test_if_all_connections_are_busy_a_new_one_is_refused_with_a_sentence(
    small: ServerProcess,
) -> None:
    with ExitStack() as stack:
        open_pages(small, stack, MAX_PAGES)
        busy = [stack.enter_context(small.connect()) for _ in range(MAX_CONNECTIONS - MAX_PAGES)]
        for connection in busy:  # their answers do not fit into the buffers of the sockets
            request = f"GET /{LIBRARY} HTTP/1.1\r\nHost: {small.host}\r\n\r\n"
            connection.sendall(30 * request.encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        answer = small.request("/_stcore/health")
        assert answer.status == 503
        assert (
            answer.body == "This server has too many connections; please try again in a minute.\n"
        )
        assert "connection: close" in answer.head
        for connection in busy:
            connection.close()
        wait_until(lambda: small.request("/_stcore/health").status == 200)


def test_exhausted_descriptors_are_logged_once_and_the_server_recovers(
    small: ServerProcess,
) -> None:
    soft, hard = small.process.rlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        small.process.rlimit(resource.RLIMIT_NOFILE, (small.descriptors() + 3, hard))
        for _ in range(MAX_CONNECTIONS):
            stack.callback(small.connect().close)
        wait_until(lambda: "Too many open files" in small.output())
    small.process.rlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert small.health() < 30
    assert small.output().count("Too many open files") <= 2  # the message and its traceback
    assert len(small.output()) < SMALL_LOG


def test_a_repeated_error_of_a_visitor_is_logged_once(small: ServerProcess) -> None:
    for _ in range(MANY):
        connection, answer = small.open_page()
        with connection:
            assert answer.status == 101
            connection.sendall(b"\x81\x81\x00\x00\x00\x00a")  # text, where only bytes are expected
            while connection.recv(4_096):
                pass
    assert small.output().count("Traceback") == 1
    assert len(small.output()) < SMALL_LOG


def test_open_pages_do_not_prevent_the_server_from_exiting(small: ServerProcess) -> None:
    with ExitStack() as stack:
        open_pages(small, stack, MAX_PAGES)
        stack.callback(small.connect().close)
        small.process.terminate()
        assert small.process.wait(timeout=20) == 0
