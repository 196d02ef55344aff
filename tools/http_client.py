"""The page's server as a separate process, and a client that connects to it on loopback."""

import base64
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.support.environment import PROJECT

START_S = 60.0
_TIMEOUT_S = 30.0
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """An answer of the server.

    Attributes
    ----------
    status : int
        HTTP status.
    head : str
        Status line and headers, in lower case.
    body : str
        Decoded body.
    """

    status: int
    head: str
    body: str


@dataclass(frozen=True)
class ServerProcess:
    """A running server.

    Attributes
    ----------
    process : psutil.Process
        The server's process.
    port : int
        Port on loopback.
    log : Path
        File with the server's standard output and error.
    """

    process: psutil.Process
    port: int
    log: Path

    @property
    def host(self) -> str:
        """The Host header of a normal visitor."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The page's address for a browser."""
        return f"http://{self.host}"

    def output(self) -> str:
        """Return what the server has printed so far."""
        return self.log.read_text("utf-8", "replace")

    def descriptors(self) -> int:
        """Return the number of the server's open file descriptors."""
        return self.process.num_fds()

    def memory(self) -> float:
        """Return the server's resident memory in MiB."""
        return self.process.memory_info().rss / 2**20

    def health(self, timeout_s: float = _TIMEOUT_S) -> float:
        """Return the duration of a health check in seconds; raise OSError if it fails."""
        began = time.monotonic()
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(f"http://{self.host}/_stcore/health", timeout=timeout_s) as answer:
            answer.read()
        return time.monotonic() - began

    def connect(self) -> socket.socket:
        """Open a connection without sending anything."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_TIMEOUT_S)

    def request(
        self, target: str, *headers: str, method: str = "GET", host: str | None = None
    ) -> Answer:
        """Send one request on a new connection and return the answer.

        Parameters
        ----------
        target : str
            Request target, usually a path.
        headers : str
            Header lines, such as "Accept: text/html".
        method : str, default "GET"
            HTTP method.
        host : str, optional
            Host header; that of the server by default.

        Returns
        -------
        Answer
            The answer of the server.

        Raises
        ------
        OSError
            If the server closes the connection without an answer.
        """
        with self.connect() as connection:
            connection.sendall(_request(method, target, host or self.host, headers))
            return read_answer(connection)

    def handshake(self, *headers: str, host: str | None = None) -> tuple[socket.socket, Answer]:
        """Send a websocket handshake; return the connection, which stays open, and the answer.

        ``headers`` are further header lines; ``host`` is the Host header, the server's by default.
        """
        connection = self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        lines = (*upgrade, f"Sec-WebSocket-Key: {key}", *headers)
        connection.sendall(_request("GET", "/_stcore/stream", host or self.host, lines))
        return connection, read_answer(connection)

    def open_page(self) -> tuple[socket.socket, Answer]:
        """Send the handshake of a browser that shows the page; return as `handshake` does."""
        return self.handshake(f"Origin: http://{self.host}")


def read_answer(connection: socket.socket) -> Answer:
    """Read the next answer from ``connection``.

    Raises ConnectionError if the connection is closed without an answer.
    """
    data = b""
    while _HEAD_END not in data:
        if not (more := connection.recv(65_536)):
            break
        data += more
    head, _, body = data.partition(_HEAD_END)
    text = head.decode("latin-1").lower()
    if not text:
        raise ConnectionError("the server closed the connection without an answer")
    length = next(
        (
            int(line.split(":")[1])
            for line in text.split("\r\n")
            if line.startswith("content-length:")
        ),
        0,
    )
    while len(body) < length and (more := connection.recv(65_536)):
        body += more
    return Answer(int(text.split()[1]), text, body.decode("utf-8", "replace"))


def _request(method: str, target: str, host: str, headers: Sequence[str]) -> bytes:
    lines = (f"{method} {target} HTTP/1.1", f"Host: {host}", *headers)
    return "\r\n".join(lines).encode("latin-1") + _HEAD_END


def free_port() -> int:
    """Return a port on which no program listens now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@contextmanager
def running_server(
    folder: Path,
    *options: str,
    module: Sequence[str] = ("app",),
    soft_limit: int | None = None,
    **environment: str,
) -> Iterator[ServerProcess]:
    """Run ``python -m app`` without an engine until the context ends.

    Parameters
    ----------
    folder : Path
        Folder for the server's log.
    options : str
        Further command-line options.
    module : Sequence[str], default ("app",)
        Module that starts the server, and its arguments.
    soft_limit : int, optional
        Soft limit of file descriptors of the new process; unchanged by default.
    environment : str
        Further environment variables.

    Yields
    ------
    ServerProcess
        The server, once it answers its health check.

    Raises
    ------
    AssertionError
        If the server does not start, with what it printed.
    """
    port = free_port()
    log = folder / "server.txt"
    with ExitStack() as stack:
        log_file = stack.enter_context(log.open("wb"))
        if soft_limit is not None:
            stack.enter_context(_soft_limit(soft_limit))
        process = psutil.Popen(
            [sys.executable, "-m", *module, "--server.port", str(port), *options],
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull, **environment},
            stdout=log_file,
            stderr=subprocess.STDOUT,
        )
    server = ServerProcess(process, port, log)
    try:
        end = time.monotonic() + START_S
        while not _is_healthy(server):
            assert process.is_running(), server.output()
            assert time.monotonic() < end, server.output()
            time.sleep(0.05)
        yield server
    finally:
        try:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
            process.wait(timeout=30)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _soft_limit(number: int) -> Iterator[None]:
    previous = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, previous[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, previous)


def _is_healthy(server: ServerProcess) -> bool:
    try:
        server.health(timeout_s=5)
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def silent_listener() -> Iterator[tuple[str, list[object]]]:
    """Accept connections and never answer.

    Yields the listener's address, "host:port", and a growing list of the addresses that connected.
    """
    clients: list[object] = []
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    connection, address = listener.accept()
                    connections.append(connection)
                    clients.append(address)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        host, port = listener.getsockname()
        yield f"{host}:{port}", clients
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in connections:
        connection.close()
