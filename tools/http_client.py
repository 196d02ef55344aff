"""The page's server in a process of its own, and an outsider who connects to it on loopback."""

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
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from core.support.environment import PROJECT

START_S = 60.0
_TIMEOUT_S = 30.0
_END = b"\r\n\r\n"
_XSRF = "_streamlit_xsrf"


@dataclass(frozen=True)
class Answer:
    """What the server answered: the status, the header lines in lower case and the body."""

    status: int
    head: str
    body: str


@dataclass(frozen=True)
class Served:
    """A running server and the file that holds what it printed."""

    process: psutil.Process
    port: int
    log: Path

    @property
    def host(self) -> str:
        """The Host header of an honest visitor."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        return f"http://{self.host}"

    def said(self) -> str:
        """What the server printed so far."""
        return self.log.read_text("utf-8", "replace")

    def descriptors(self) -> int:
        """How many file descriptors the server has open."""
        return self.process.num_fds()

    def memory(self) -> float:
        """The server's resident memory in MB."""
        return self.process.memory_info().rss / 2**20

    def health(self, timeout_s: float = _TIMEOUT_S) -> float:
        """Seconds that a neighbour's health check takes; raises OSError if there is no answer."""
        began = time.monotonic()
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(f"http://{self.host}/_stcore/health", timeout=timeout_s) as answer:
            answer.read()
        return time.monotonic() - began

    def connect(self) -> socket.socket:
        """A connection on which nothing is sent yet."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_TIMEOUT_S)

    def ask(
        self, target: str, *headers: str, method: str = "GET", host: str | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(_request(method, target, host or self.host, headers))
            return read_answer(connection)

    def handshake(self, *headers: str, host: str | None = None) -> tuple[socket.socket, Answer]:
        """A websocket's handshake on a connection that stays open, and the answer to it."""
        connection = self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        every = (*upgrade, f"Sec-WebSocket-Key: {key}", *headers)
        connection.sendall(_request("GET", "/_stcore/stream", host or self.host, every))
        return connection, read_answer(connection)

    def visit(self) -> tuple[socket.socket, Answer]:
        """The handshake of a browser that shows the page."""
        return self.handshake(f"Origin: http://{self.host}")


def read_answer(connection: socket.socket) -> Answer:
    """The next answer on ``connection``; of a refused or closed one its whole text."""
    data = b""
    while _END not in data:
        if not (more := connection.recv(65_536)):
            break
        data += more
    head, _, body = data.partition(_END)
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
    return "\r\n".join(lines).encode("latin-1") + _END


def free_port() -> int:
    """A port that no program listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    folder: Path,
    *options: str,
    module: Sequence[str] = ("app",),
    soft_limit: int | None = None,
    **environment: str,
) -> Iterator[Served]:
    """``python -m app`` without an engine; its log is written to ``folder``.

    ``options`` are added to the command line, ``environment`` to the environment; ``module`` is
    another way to start it. The server starts with ``soft_limit`` as its soft limit of file
    descriptors.
    """
    port = free_port()
    log = folder / "server.txt"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        if soft_limit is not None:
            stack.enter_context(_soft_limit(soft_limit))
        process = psutil.Popen(
            [sys.executable, "-m", *module, "--server.port", str(port), *options],
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Served(process, port, log)
    try:
        end = time.monotonic() + START_S
        while not _healthy(server):
            assert process.is_running(), server.said()
            assert time.monotonic() < end, server.said()
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
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _healthy(server: Served) -> bool:
    try:
        server.health(timeout_s=5)
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def silent_listener() -> Iterator[tuple[str, list[object]]]:
    """A listener that accepts connections and never answers; its address and who came."""
    seen: list[object] = []
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    connection, address = listener.accept()
                    kept.append(connection)
                    seen.append(address)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        host, port = listener.getsockname()
        yield f"{host}:{port}", seen
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in kept:
        connection.close()


def session_id(visitor: ClientConnection) -> str:
    """The session of a websocket, which its first run of the script names."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    visitor.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(visitor.recv(timeout=60))
        if answer.WhichOneof("type") == "new_session":
            return answer.new_session.initialize.session_id


def upload_file(server: Served, session: str, size: int) -> int:
    """The status of the answer to an upload; 0 if the connection was closed instead."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{server.host}/_stcore/health", timeout=30) as answer:
        token = answer.headers.get("Set-Cookie", "").partition(f"{_XSRF}=")[2].partition(";")[0]
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    request = urllib.request.Request(
        f"http://{server.host}/_stcore/upload_file/{session}/{uuid.uuid4()}",
        data=head.encode() + bytes(size) + f"\r\n--{boundary}--\r\n".encode(),
        method="PUT",
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": f"{_XSRF}={token}",
            "X-Xsrftoken": token,
        },
    )
    try:
        with opener.open(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
