"""The parts of the page's server that need no process: capacity, hosts and the log filter."""

import logging
import resource
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from app.server import limits
from app.server.hosts import AllowedHosts
from app.server.limits import Capacity
from app.server.logs import RepetitionFilter
from tests.conftest import run_async

# --- capacity ---


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 4_096, 20_000, 65_536])
@pytest.mark.parametrize("requested", [10, 500, 1_000_000])
def test_the_capacity_fits_the_descriptors(descriptors: int, requested: int) -> None:
    capacity = limits.capacity(requested, descriptors)
    assert 1 <= capacity.connections <= requested
    assert 1 <= capacity.pages <= capacity.connections
    # A page needs its socket and the three descriptors of its session's event loop.
    assert 4 * capacity.pages + (capacity.connections - capacity.pages) < descriptors


def test_the_requested_connections_are_granted_if_the_descriptors_suffice() -> None:
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
    """Return the status of the answer to a request.

    Parameters
    ----------
    kind : str
        "http" for a request, "websocket" for a handshake.
    names : tuple of str
        Allowed hosts, as for `AllowedHosts`.
    headers : tuple of str
        Names and values of the headers.

    Returns
    -------
    int
        HTTP status.
    """
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        passed = [name for name, _ in scope["headers"]]
        assert kind == "http" or b"origin" not in passed  # so that Streamlit does not check it
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
        # Any host is allowed, but only pages of the same host may connect.
        (("*",), "b.example", "https://b.example", 200),
        (("*",), "localhost", "https://b.example", 403),
    ],
)
def test_a_handshake_needs_an_allowed_host_and_an_allowed_origin(
    names: tuple[str, ...], host: str, origin: str, expected: int
) -> None:
    assert status("websocket", names, ("host", host), ("origin", origin)) == expected


def test_every_host_and_origin_of_a_request_must_be_allowed() -> None:
    local, foreign = ("host", "localhost"), ("host", "foreign.example")
    assert status("http", (), local) == 200
    assert status("http", (), local, foreign) == 403
    assert status("http", (), foreign, local) == 403
    same_site, cross_site = ("origin", "http://localhost"), ("origin", "http://foreign.example")
    assert status("websocket", (), local, same_site) == 200
    assert status("websocket", (), local, same_site, cross_site) == 403
    assert status("websocket", (), local, cross_site, same_site) == 403


# --- log filter ---


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class ListHandler(logging.Handler):
    """Append each logged message to a list."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handler() -> ListHandler:
    return ListHandler()


@pytest.fixture
def logger(clock: Clock, handler: ListHandler) -> logging.Logger:
    """A logger that writes one warning per minute and line of code."""
    logger = logging.Logger("tests.repetitions")
    logger.addFilter(RepetitionFilter(60, clock))
    logger.addHandler(handler)
    return logger


def test_a_repeated_warning_is_logged_once_and_later_with_a_count(
    logger: logging.Logger, clock: Clock, handler: ListHandler
) -> None:
    for number in range(1_001):
        clock.now = 120.0 if number == 1_000 else 0.05 * number
        logger.warning("connection from %s refused", number)
    assert handler.lines == [
        "connection from 0 refused",
        "connection from 1000 refused (999 more like this in the last 120 s)",
    ]


def test_errors_from_different_lines_or_with_different_exceptions_are_all_logged(
    logger: logging.Logger, handler: ListHandler
) -> None:
    logger.error("one")
    logger.error("two")
    for value in ("x", "y", None):
        try:
            int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            logger.error("no number", exc_info=error)
    assert handler.lines == ["one", "two", "no number", "no number"]


def test_records_below_warning_are_always_logged(
    logger: logging.Logger, handler: ListHandler
) -> None:
    for _ in range(3):
        logger.info("started")
    assert handler.lines == ["started"] * 3


def test_a_very_long_message_is_shortened(logger: logging.Logger, handler: ListHandler) -> None:
    logger.warning("refused: %s", "x" * 100_000)
    assert len(handler.lines[0]) == 2_000
