"""Requests that the page's server refuses, and the cost of refusing them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tools.http_client import ServerProcess, running_server, silent_listener
from tools.streamlit_client import session_id, upload_file

FOREIGN = "Origin: http://foreign.example"
LONG = "a" * 5_000
NAMED = "named.example"


@dataclass(frozen=True)
class ProxiedServer:
    """A server behind a proxy that never answers, and the list of connections to the proxy."""

    server: ServerProcess
    external_clients: list[object]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedServer]:
    """One server for all tests of this file."""
    with silent_listener() as (address, external_clients):
        proxies = {f"{kind}_proxy": f"http://{address}" for kind in ("http", "https", "all")}
        upper = {name.upper(): proxy for name, proxy in proxies.items()}
        folder = tmp_path_factory.mktemp("server")
        allowed = f"{NAMED}, *.below.example"
        with running_server(folder, SLEEP_ALLOWED_HOSTS=allowed, **proxies, **upper) as server:
            yield ProxiedServer(server, external_clients)


@pytest.fixture
def server(proxied: ProxiedServer) -> Iterator[ServerProcess]:
    """The server; the test fails if it logs a traceback."""
    yield proxied.server
    assert "Traceback" not in proxied.server.output()


# --- hosts and origins ---


def test_a_foreign_origin_is_refused_without_a_request_to_an_external_host(
    proxied: ProxiedServer,
) -> None:
    server = proxied.server

    def connect_from_foreign_page(_: int) -> tuple[int, str]:
        connection, answer = server.handshake(FOREIGN)
        connection.close()
        return answer.status, answer.body

    began = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(connect_from_foreign_page, range(10))
        health_s = server.health()
        for status, sentence in answers:
            assert status == 403
            assert sentence.startswith("A page from 'http://foreign.example' may not connect")
            assert "SLEEP_ALLOWED_HOSTS" in sentence
    assert time.monotonic() - began < 10  # Streamlit's own check takes 20 s
    assert health_s < 5
    assert proxied.external_clients == []


@pytest.mark.parametrize("origin", ["null", "", "http://", "http://[", "file:///a", "http://a@b"])
def test_a_malformed_origin_is_refused(origin: str, server: ServerProcess) -> None:
    connection, answer = server.handshake(f"Origin: {origin}")
    connection.close()
    assert answer.status == 403


def test_another_port_of_this_machine_is_a_foreign_origin(server: ServerProcess) -> None:
    connection, answer = server.handshake("Origin: http://127.0.0.1:1")
    connection.close()
    assert answer.status == 403


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("localhost:8501", "http://localhost:8501"),
        ("LOCALHOST:8501", "http://localhost:8501"),
        ("[::1]:8501", "http://[::1]:8501"),
        ("192.0.2.7", "http://192.0.2.7"),
        (NAMED, f"https://{NAMED}"),
        ("127.0.0.1:8501", f"https://{NAMED}"),  # behind a proxy that changes Host
        ("127.0.0.1:8501", "https://a.below.example"),
        ("localhost", None),  # not a browser
    ],
)
def test_a_page_of_an_allowed_host_connects(
    host: str, origin: str | None, proxied: ProxiedServer
) -> None:
    headers = [] if origin is None else [f"Origin: {origin}"]
    connection, answer = proxied.server.handshake(*headers, host=host)
    connection.close()
    assert answer.status == 101
    assert proxied.external_clients == []


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example:8501", "rebound.example", "localhost.example", "127.0.0.1.example"),
        *("2130706433", "0x7f000001", "127.1", "localhost@rebound.example", "[", "", "a/b"),
        *("localhost:x", "below.example", "x" * 2_000),
    ],
)
def test_an_unknown_host_is_refused_with_the_setting_that_allows_it(
    host: str, server: ServerProcess
) -> None:
    for target in ("/", "/_stcore/health", "/app/static/a"):
        answer = server.request(target, host=host or " ")
        assert answer.status == 403
        assert answer.body.startswith("This server does not answer to the host '")
        assert answer.body.endswith("add its name to the setting SLEEP_ALLOWED_HOSTS.\n")
        assert len(answer.body) < 250
    header = host or " "
    connection, answer = server.handshake(f"Origin: http://{header}", host=header)
    connection.close()
    assert answer.status == 403


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:1", "sleep.localhost", "127.0.0.1", "10.1.2.3:80", "[::1]", NAMED,
     "localhost."],
)  # fmt: skip
def test_local_names_addresses_and_allowed_names_are_answered(
    host: str, server: ServerProcess
) -> None:
    assert server.request("/_stcore/health", host=host).status == 200
    assert server.request("/", host=host).status == 200


def test_a_health_check_without_a_host_is_answered(server: ServerProcess) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /_stcore/health HTTP/1.0\r\n\r\n")
        assert b" 200 OK\r\n" in connection.recv(1_000)


def drain(visitor: ClientConnection) -> None:
    """Receive messages until the connection is closed; raises ConnectionClosed."""
    while True:
        visitor.recv(timeout=30)


# --- requests that the page does not need ---


@pytest.mark.parametrize(
    "path",
    [
        *(f"/app/static/{LONG}", f"/static/{LONG}", f"/component/x/{LONG}", f"/media/{LONG}"),
        *(f"/_stcore/bidi-components/sleep_figure/{LONG}", f"/{LONG}", "/a" * 2_000),
        *("/app/static/%00", "/app/static/no.js", "/app/static/%FF%FE"),
        *("/_stcore/metrics", "/_stcore/agent/interact", "/_stcore/script-health-check"),
        *("/x/_stcore/metrics", "/_stcore//metrics", "/_stcore%2Fmetrics", "/_stcore/"),
        *("/auth/login", "/auth/logout", "/oauth2callback", "/_stcore/upload_file/a/b"),
    ],
)
def test_unneeded_addresses_answer_404(path: str, server: ServerProcess) -> None:
    answer = server.request(path)
    assert answer.status == 404
    assert len(answer.body) < 200


@pytest.mark.parametrize(
    "path",
    [
        *("/app/static/../main.py", "/app/static/%2e%2e/main.py", "/app/static/..%2fmain.py"),
        *("/static/%2e%2e/%2e%2e/config.py", "//foreign.example/a", "/media/../../etc/passwd"),
        "/_stcore/bidi-components/sleep_figure/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leaves_the_static_folders(path: str, server: ServerProcess) -> None:
    assert server.request(path).status == 400


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "ODD"])
@pytest.mark.parametrize("path", ["/", "/_stcore/upload_file/a/b", "/_stcore/agent/interact"])
def test_only_get_and_head_are_allowed(method: str, path: str, server: ServerProcess) -> None:
    answer = server.request(path, method=method)
    assert answer.status == 405
    assert answer.body == "This server takes no uploads and answers only GET and HEAD requests.\n"
    assert "allow: get, head" in answer.head


def test_an_upload_is_refused_and_not_stored(server: ServerProcess) -> None:
    with connect(f"ws://{server.host}/_stcore/stream", max_size=None, close_timeout=1) as visitor:
        session = session_id(visitor)
        memory = server.memory()
        for _ in range(4):
            # 0: the server closed the connection before all was sent.
            assert upload_file(server, session, 20 * 2**20) in (0, 405)
        assert upload_file(server, session, 10) in (0, 405)
        assert server.memory() - memory < 30  # MiB


@pytest.mark.parametrize(
    "header",
    [
        f"X-Large: {'a' * 200_000}",
        "\r\n".join(f"X-{number}: a" for number in range(20_000)),
        f"Cookie: {'a' * 12_000}",
    ],
)
@pytest.mark.parametrize("upgrade", ["", "Connection: upgrade\r\nUpgrade: websocket\r\n"])
def test_a_connection_with_too_large_a_head_is_closed(
    header: str, upgrade: str, server: ServerProcess
) -> None:
    memory = server.memory()
    head = f"GET /_stcore/stream HTTP/1.1\r\nHost: {server.host}\r\n{upgrade}{header}\r\n\r\n"
    with server.connect() as connection, suppress(ConnectionError):
        connection.sendall(head.encode())
        answer = connection.recv(200)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200 "))
    assert server.memory() - memory < 20
    assert server.health() < 5


def test_a_target_on_another_host_is_not_requested(proxied: ProxiedServer) -> None:
    assert proxied.server.request("http://foreign.example/").status in (400, 404)
    assert proxied.external_clients == []


def test_a_too_large_message_closes_only_its_connection(server: ServerProcess) -> None:
    with connect(f"ws://{server.host}/_stcore/stream", max_size=None, close_timeout=1) as visitor:
        memory = server.memory()
        with suppress(ConnectionClosed):  # before all is sent
            visitor.send(bytes(30 * 2**20))
        with pytest.raises(ConnectionClosed):
            drain(visitor)
        assert server.memory() - memory < 20
    assert server.health() < 5


def test_compressed_messages_are_not_accepted(server: ServerProcess) -> None:
    connection, answer = server.handshake("Sec-WebSocket-Extensions: permessage-deflate")
    connection.close()
    assert answer.status == 101
    assert "permessage-deflate" not in answer.head


# --- after all tests above ---


def test_no_request_caused_a_request_to_an_external_host(proxied: ProxiedServer) -> None:
    assert proxied.external_clients == []
    assert len(proxied.server.output()) < 10_000
