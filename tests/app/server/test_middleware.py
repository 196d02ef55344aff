"""The parts of the page's server that need no process: capacity, hosts, repeated faults."""

import logging
import resource
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from app.server import limits
from app.server.hosts import AllowedHosts
from app.server.limits import Capacity
from app.server.logs import OnceAMinute
from tests.conftest import run_async

# --- capacity ---


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 4_096, 20_000, 65_536])
@pytest.mark.parametrize("wanted", [10, 500, 1_000_000])
def test_the_capacity_fits_the_descriptors(descriptors: int, wanted: int) -> None:
    capacity = limits.capacity(wanted, descriptors)
    assert 1 <= capacity.connections <= wanted
    assert 1 <= capacity.pages <= capacity.connections
    # A page has its socket and the three descriptors of its session's event loop.
    assert 4 * capacity.pages + (capacity.connections - capacity.pages) < descriptors


def test_what_is_wanted_is_given_where_the_descriptors_are_enough() -> None:
    assert limits.capacity(500, 20_000) == Capacity(500, 400)
    assert limits.capacity(10, 1_024) == Capacity(10, 8)


def test_the_soft_limit_is_raised_to_the_hard_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard > 65_536:
        hard = 65_536
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(soft, 512), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    try:
        assert limits.raise_descriptors() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
        assert limits.raise_descriptors() == hard
    finally:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )


# --- hosts ---


def status(kind: str, names: tuple[str, ...], *headers: tuple[str, str]) -> int:
    """The status of the answer to a request or handshake with those headers."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        names = [name for name, _ in scope["headers"]]
        assert kind == "http" or b"origin" not in names  # Streamlit has none to look up
        await PlainTextResponse("")(scope, receive, send)

    scope = {
        "type": kind,
        "path": "/",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    run_async(AllowedHosts(page, names)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("names", "host", "origin", "expected"),
    [
        ((), "localhost:1", "http://localhost:1", 200),
        ((), "localhost:1", "http://LOCALHOST:1", 200),
        ((), "localhost:1", "http://localhost:2", 403),
        ((), "a.example", "http://a.example", 403),
        (("a.example",), "a.example", "https://a.example", 200),
        (("a.example",), "a.example:1", "https://a.example", 200),
        (("a.example",), "b.a.example", "https://b.a.example", 403),
        (("*.example",), "b.a.example", "https://b.a.example", 200),
        (("*.example",), "example", "https://example", 403),
        # Any host may be answered to, but only its own pages may connect.
        (("*",), "b.example", "https://b.example", 200),
        (("*",), "localhost", "https://b.example", 403),
    ],
)
def test_a_handshake_needs_an_allowed_host_and_an_own_origin(
    names: tuple[str, ...], host: str, origin: str, expected: int
) -> None:
    assert status("websocket", names, ("host", host), ("origin", origin)) == expected


def test_every_host_and_origin_of_a_request_must_be_allowed() -> None:
    own, foreign = ("host", "localhost"), ("host", "foreign.example")
    assert status("http", (), own) == 200
    assert status("http", (), own, foreign) == 403
    assert status("http", (), foreign, own) == 403
    same, other = ("origin", "http://localhost"), ("origin", "http://foreign.example")
    assert status("websocket", (), own, same) == 200
    assert status("websocket", (), own, same, other) == 403
    assert status("websocket", (), own, other, same) == 403


# --- repeated faults ---


class Clock:
    """A time that tests set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Written(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def logger(clock: Clock, written: Written) -> logging.Logger:
    """A logger that keeps one warning a minute from each place."""
    made = logging.Logger("tests.repeats")
    made.addFilter(OnceAMinute(60, clock))
    made.addHandler(written)
    return made


def test_a_repeated_fault_is_logged_once_and_then_with_a_count(
    logger: logging.Logger, clock: Clock, written: Written
) -> None:
    for number in range(1_001):
        clock.now = 120.0 if number == 1_000 else 0.05 * number
        logger.warning("connection from %s refused", number)
    assert written.lines == [
        "connection from 0 refused",
        "connection from 1000 refused (999 more like this in the last 120 s)",
    ]


def test_faults_of_different_places_and_exceptions_are_all_logged(
    logger: logging.Logger, written: Written
) -> None:
    logger.error("one")
    logger.error("two")
    for value in ("x", "y", None):
        try:
            int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            logger.error("no number", exc_info=error)
    assert written.lines == ["one", "two", "no number", "no number"]


def test_what_is_no_fault_is_always_logged(logger: logging.Logger, written: Written) -> None:
    for _ in range(3):
        logger.info("started")
    assert written.lines == ["started"] * 3


def test_a_fault_that_quotes_very_much_is_cut(logger: logging.Logger, written: Written) -> None:
    logger.warning("refused: %s", "x" * 100_000)
    assert len(written.lines[0]) == 2_000
