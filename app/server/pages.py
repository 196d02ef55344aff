"""A limit on the pages that are open at the same time; each one is a websocket and a session."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.answers import refuse

_HEALTH = "/_stcore/health"
_UNAVAILABLE = 503


class OpenPages:
    """Middleware that lets at most ``most`` pages be open.

    A visitor who comes when all are taken reads a sentence instead of the page. A page that lost
    its connection reads the same sentence when it asks for the server's health, and shows it; other
    health checks are answered as ever.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "websocket"
        if self._open >= self._most and (page or _wants_page(scope)):
            await refuse(
                scope,
                receive,
                send,
                _UNAVAILABLE,
                f"All {self._most} places of this server are taken; please try again in a minute.",
                Retry_After="60",
            )
        elif page:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1
        else:
            await self._app(scope, receive, send)


def _wants_page(scope: Scope) -> bool:
    """Whether the request opens the page, or is sent by a page that has no connection."""
    if scope["type"] != "http":
        return False
    headers = Headers(scope=scope)
    if scope["path"].endswith(_HEALTH):
        return "referer" in headers
    return "text/html" in headers.get("accept", "")
