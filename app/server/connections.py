"""Connections to the server: how many there may be, and how long each may take to ask.

uvicorn lets any number of connections wait for their first request for ever, and a limit on
requests does not see them. Its class for HTTP/1.1 connections is extended here, which uvicorn
supports (``uvicorn.Config(http=...)``).
"""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_HEAD_S = 10.0  # from the first byte of a request, or from its connection, to the end of its head
_SLOW_S = 10.0  # a request that takes longer makes room for others when there is none
_REFUSAL_S = 2.0  # for a refused visitor to send the request that is answered
_REFUSED = 64  # that many wait for their refusal; more are closed without a word


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
_MALFORMED = _answer("400 Bad Request", "This websocket handshake has too long or odd headers.\n")


class Connection(H11Protocol):
    """An HTTP connection that counts, and that is closed if it keeps the server waiting.

    A connection beyond ``most`` takes the place of the one that has waited longest for a request,
    else of the slowest request. Where all are busy, the new one is answered with a sentence.
    """

    most: ClassVar[int]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._since = self.loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) <= self.most or self._makes_room():
            self._start_timer(_HEAD_S)
            return
        self._refused = True
        if len(self.connections) > self.most + _REFUSED:
            transport.abort()
        else:
            self._start_timer(_REFUSAL_S)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self.transport.write(_REFUSAL)
            self.transport.close()
            return
        super().data_received(data)
        if self._waits():
            self._start_timer(_HEAD_S)
        else:
            self._stop_timer()
            self._since = self.loop.time()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        super().handle_websocket_upgrade(event)
        protocol = self.transport.get_protocol()
        # uvicorn never closes a handshake that websockets, which takes shorter lines, cannot read.
        if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.handshake_initiated:
            self.transport.write(_MALFORMED)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _waits(self) -> bool:
        """Whether the server waits for the rest of a request's head."""
        if self.transport.get_protocol() is not self:  # a websocket's by now
            return False
        return self.cycle is None or self.cycle.response_complete

    def _makes_room(self) -> bool:
        """Whether there is room for this connection, which may need another one to be closed."""
        open_now = [
            other
            for other in self.connections
            if not other.transport.is_closing()
            and not (isinstance(other, Connection) and other._refused)
        ]
        if len(open_now) <= self.most:
            return True
        others = [
            other for other in open_now if isinstance(other, Connection) and other is not self
        ]
        waiting = [other for other in others if other._waits()]
        slow = [other for other in others if self._since - other._since > _SLOW_S]
        for candidates in (waiting, slow):
            if candidates:
                min(candidates, key=lambda other: other._since).transport.abort()
                return True
        return False

    def _start_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, self._end)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.abort()


def limited(most: int) -> type[Connection]:
    """The class of connections of which there may be ``most`` at the same time."""
    return type("LimitedConnection", (Connection,), {"most": most})
