"""Connections to the server: their maximum number, and how long a request may take to arrive.

By default uvicorn lets any number of connections wait for their first request without a time
limit, and a limit on requests does not cover them. This module extends uvicorn's class for HTTP/1.1
connections, which uvicorn supports (``uvicorn.Config(http=...)``).
"""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_HEAD_S = 10.0  # from the connection, or the first byte of a later request, to the end of its head
_SLOW_S = 10.0  # a full server may close a request that takes longer
_REFUSAL_S = 2.0  # a refused client has this long to send the request that is answered
_MAX_REFUSED = 64  # connections that wait for a refusal; more are closed without an answer


def _answer(status: str, sentence: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}",
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(sentence)}",
        "connection: close",
    )
    return "\r\n".join((*head, "", sentence)).encode("ascii")


_REFUSAL = _answer(
    "503 Service Unavailable",
    "This server has too many connections; please try again in a minute.\n",
)
_MALFORMED = _answer(
    "400 Bad Request", "The headers of this websocket handshake are too long or malformed.\n"
)


class Connection(H11Protocol):
    """An HTTP connection that is counted, and closed if its request does not arrive in time.

    If ``maximum`` connections are open, a new one replaces the connection that has waited longest
    for a request, else the slowest request. If all are busy, the new one is refused with a
    sentence.
    """

    maximum: ClassVar[int]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._since = self.loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or mark it for a refusal."""
        super().connection_made(transport)
        if len(self.connections) <= self.maximum or self._make_room():
            self._start_timer(_HEAD_S)
            return
        self._refused = True
        if len(self.connections) > self.maximum + _MAX_REFUSED:
            transport.abort()
        else:
            self._start_timer(_REFUSAL_S)

    def data_received(self, data: bytes) -> None:
        """Process the data and start or stop the timer; refuse if marked for it."""
        if self._refused:
            self.transport.write(_REFUSAL)
            self.transport.close()
            return
        super().data_received(data)
        if self._awaits_head():
            self._start_timer(_HEAD_S)
        else:
            self._stop_timer()
            self._since = self.loop.time()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Pass the connection on to the websocket protocol, or refuse a malformed handshake."""
        super().handle_websocket_upgrade(event)
        protocol = self.transport.get_protocol()
        # The websockets library reads only shorter lines than h11, and uvicorn does not close a
        # handshake that it could not read.
        if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.handshake_initiated:
            self.transport.write(_MALFORMED)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _awaits_head(self) -> bool:
        """Return whether the server waits for the rest of a request's head."""
        if self.transport.get_protocol() is not self:  # a websocket took the connection over
            return False
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> bool:
        """Close another connection if necessary; return whether this one can stay."""
        open_connections = [
            connection
            for connection in self.connections
            if not connection.transport.is_closing()
            and not (isinstance(connection, Connection) and connection._refused)
        ]
        if len(open_connections) <= self.maximum:
            return True
        closable = [
            connection
            for connection in open_connections
            if isinstance(connection, Connection) and connection is not self
        ]
        waiting = [connection for connection in closable if connection._awaits_head()]
        slow = [connection for connection in closable if self._since - connection._since > _SLOW_S]
        for candidates in (waiting, slow):
            if candidates:
                min(candidates, key=lambda connection: connection._since).transport.abort()
                return True
        return False

    def _start_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, self._on_timeout)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.abort()


def connection_class(maximum: int) -> type[Connection]:
    """Return a class of connections of which at most ``maximum`` are open at the same time."""
    return type("LimitedConnection", (Connection,), {"maximum": maximum})
