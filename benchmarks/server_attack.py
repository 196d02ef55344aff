"""Measure attacks on the page's server: ``python -m benchmarks.server_attack [PART ...]``.

All requests go to loopback and are limited in number and time. Parts, all by default:
  pages    300 idle pages (websockets); the server starts with 1,024 file descriptors
  idle     300 connections that send nothing; the server starts with 1,024 file descriptors
  foreign  10 websocket handshakes with a foreign Origin; external hosts are behind a silent proxy
  upload   8 uploads of 25 MB each by a visitor with a session

Each part starts a new server and measures the time of a health check before and during the attack.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from websockets.sync.client import connect

from tools.http_client import ServerProcess, running_server, silent_listener
from tools.streamlit_client import session_id, upload_file

CONNECTIONS = 300
SOFT_LIMIT = 1024
HANDSHAKES = 10
UPLOADS, UPLOAD_MB = 8, 25
WATCH_S = 10.0


class _Load(NamedTuple):
    """Resources of the server at one moment; memory in MiB."""

    descriptors: int
    memory: float
    log_bytes: int
    health_s: list[float]


def pages() -> None:
    """Open idle pages; print how many are accepted, and their cost."""
    with _server(soft_limit=SOFT_LIMIT) as server, ExitStack() as stack:
        baseline = _measure(server)
        refused = 0
        for _ in range(CONNECTIONS):
            try:
                connection, answer = server.open_page()
            except OSError:
                refused += 1
                continue
            stack.callback(connection.close)
            refused += answer.status != 101
        _report(server, baseline, f"{CONNECTIONS} idle pages, {refused} refused or unanswered")


def idle() -> None:
    """Open connections that send nothing."""
    with _server(soft_limit=SOFT_LIMIT) as server, ExitStack() as stack:
        baseline = _measure(server)
        for _ in range(CONNECTIONS):
            stack.callback(server.connect().close)
        _report(server, baseline, f"{CONNECTIONS} silent connections")


def foreign() -> None:
    """Send handshakes with a foreign Origin while the proxy to external hosts does not answer."""
    with silent_listener() as (address, clients):
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        with _server(**dict.fromkeys(names, f"http://{address}")) as server:
            baseline = _health_times(server, 5)
            began = time.monotonic()
            threads = [
                threading.Thread(target=_try_foreign_handshake, args=(server,))
                for _ in range(HANDSHAKES)
            ]
            for thread in threads:
                thread.start()
            during = _health_times(server, 1)
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - began
            print(f"{HANDSHAKES} handshakes with a foreign Origin, answered in {seconds:.2f} s")
            print(f"  connections to external hosts: {len(clients)}")
            print(f"  health check before: {_format(baseline)}; during: {_format(during)}")


def upload() -> None:
    """Send uploads, which the page never does."""
    with _server() as server:
        baseline = _measure(server)
        with connect(f"ws://{server.host}/_stcore/stream", max_size=None) as visitor:
            session = session_id(visitor)
            statuses = [upload_file(server, session, UPLOAD_MB * 2**20) for _ in range(UPLOADS)]
            _report(server, baseline, f"{UPLOADS} uploads of {UPLOAD_MB} MB, statuses {statuses}")


PARTS: dict[str, Callable[[], None]] = {
    part.__name__: part for part in (pages, idle, foreign, upload)
}


@contextmanager
def _server(soft_limit: int | None = None, **environment: str) -> Iterator[ServerProcess]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), soft_limit=soft_limit, **environment) as server,
    ):
        yield server


def _try_foreign_handshake(server: ServerProcess) -> None:
    with suppress(OSError):
        server.handshake("Origin: http://foreign.example")[0].close()


def _measure(server: ServerProcess) -> _Load:
    health_s = _health_times(server, 5)
    return _Load(server.descriptors(), server.memory(), server.log.stat().st_size, health_s)


def _health_times(server: ServerProcess, repetitions: int) -> list[float]:
    """Return the seconds of each health check, inf for a failed one."""
    times = []
    for _ in range(repetitions):
        try:
            times.append(server.health())
        except OSError:
            times.append(float("inf"))
    return times


def _report(server: ServerProcess, baseline: _Load, title: str) -> None:
    during: list[float] = []
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end and float("inf") not in during:
        during += _health_times(server, 1)
        time.sleep(0.2)
    print(title)
    print(f"  descriptors: {baseline.descriptors} -> {server.descriptors()}")
    print(f"  memory, MB: {baseline.memory:.0f} -> {server.memory():.0f}")
    log_bytes = server.log.stat().st_size
    print(
        f"  log, kB after {WATCH_S:.0f} s: {baseline.log_bytes / 1e3:.1f} -> {log_bytes / 1e3:.1f}"
    )
    print(f"  health check before: {_format(baseline.health_s)}; during: {_format(during)}")


def _format(seconds: list[float]) -> str:
    if float("inf") in seconds:
        return "no answer"
    return f"{1000 * statistics.median(seconds):.0f} ms (worst {1000 * max(seconds):.0f})"


def main() -> None:
    """Run the parts given on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)!r}; choose from {', '.join(PARTS)}.")
    for part in parts:
        PARTS[part]()


if __name__ == "__main__":
    main()
