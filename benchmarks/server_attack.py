"""What an outsider can do to the server: ``python -m benchmarks.server_attack [PART ...]``.

Everything goes to loopback and is bounded in count and time. Parts, all by default:
  pages    300 idle pages (websockets) against a server that starts with 1,024 descriptors
  idle     300 connections that send nothing, against the same
  foreign  10 websocket handshakes with a foreign Origin, the outside behind a silent proxy
  upload   8 uploads of 25 MB each by a visitor with a session

Each part has a server of its own and times a neighbour's health check before and meanwhile.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from websockets.sync.client import connect

from tools.http_client import Served, served, session_id, silent_listener, upload_file

CONNECTIONS = 300
SOFT_LIMIT = 1024
HANDSHAKES = 10
UPLOADS, UPLOAD_MB = 8, 25
WATCH_S = 10.0


def pages() -> None:
    """Idle pages; how many are let in, and what they cost."""
    with _server(soft_limit=SOFT_LIMIT) as server, ExitStack() as stack:
        before = _state(server)
        refused = 0
        for _ in range(CONNECTIONS):
            try:
                connection, answer = server.visit()
            except OSError:
                refused += 1
                continue
            stack.callback(connection.close)
            refused += answer.status != 101
        _report(server, before, f"{CONNECTIONS} idle pages, {refused} refused or unanswered")


def idle() -> None:
    """Connections on which nothing is sent."""
    with _server(soft_limit=SOFT_LIMIT) as server, ExitStack() as stack:
        before = _state(server)
        for _ in range(CONNECTIONS):
            stack.callback(server.connect().close)
        _report(server, before, f"{CONNECTIONS} silent connections")


def foreign() -> None:
    """Handshakes from a foreign page while a proxy to the outside keeps silent."""
    with silent_listener() as (address, seen):
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        with _server(**dict.fromkeys(names, f"http://{address}")) as server:
            before = _health(server, 5)
            began = time.monotonic()
            threads = [
                threading.Thread(target=_quietly, args=(_foreign, server))
                for _ in range(HANDSHAKES)
            ]
            for thread in threads:
                thread.start()
            times = _health(server, 1)
            for thread in threads:
                thread.join()
            took = time.monotonic() - began
            print(f"{HANDSHAKES} handshakes with a foreign Origin, answered in {took:.2f} s")
            print(f"  connections to the outside: {len(seen)}")
            print(f"  health check before: {_times(before)}; meanwhile: {_times(times)}")


def upload() -> None:
    """Uploads that no page of ours asks for."""
    with _server() as server:
        before = _state(server)
        with connect(f"ws://{server.host}/_stcore/stream", max_size=None) as visitor:
            session = session_id(visitor)
            answers = [upload_file(server, session, UPLOAD_MB * 2**20) for _ in range(UPLOADS)]
            _report(server, before, f"{UPLOADS} uploads of {UPLOAD_MB} MB, answers {answers}")


PARTS: dict[str, Callable[[], None]] = {
    part.__name__: part for part in (pages, idle, foreign, upload)
}


@contextmanager
def _server(soft_limit: int | None = None, **environment: str) -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), soft_limit=soft_limit, **environment) as server,
    ):
        yield server


def _foreign(server: Served) -> None:
    server.handshake("Origin: http://foreign.example")[0].close()


def _quietly(action: Callable[[Served], None], server: Served) -> None:
    with suppress(OSError):
        action(server)


def _state(server: Served) -> tuple[int, float, int, list[float]]:
    health = _health(server, 5)
    return server.descriptors(), server.memory(), server.log.stat().st_size, health


def _health(server: Served, times: int) -> list[float]:
    measured = []
    for _ in range(times):
        try:
            measured.append(server.health())
        except OSError:
            measured.append(float("inf"))
    return measured


def _report(server: Served, before: tuple[int, float, int, list[float]], title: str) -> None:
    descriptors, memory, log, health = before
    meanwhile: list[float] = []
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end and float("inf") not in meanwhile:
        meanwhile += _health(server, 1)
        time.sleep(0.2)
    print(title)
    print(f"  descriptors: {descriptors} -> {server.descriptors()}")
    print(f"  memory, MB: {memory:.0f} -> {server.memory():.0f}")
    print(
        f"  log, kB after {WATCH_S:.0f} s: {log / 1e3:.1f} -> {server.log.stat().st_size / 1e3:.1f}"
    )
    print(f"  health check before: {_times(health)}; meanwhile: {_times(meanwhile)}")


def _times(seconds: list[float]) -> str:
    if float("inf") in seconds:
        return "no answer"
    return f"{1000 * statistics.median(seconds):.0f} ms (worst {1000 * max(seconds):.0f})"


def main() -> None:
    """Run the parts that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)!r}; choose from {', '.join(PARTS)}.")
    for part in parts:
        PARTS[part]()


if __name__ == "__main__":
    main()
