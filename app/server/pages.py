"""Middleware that limits the open pages; each one is a websocket and a session of Streamlit."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import refuse

_HEALTH = "/_stcore/health"
_UNAVAILABLE = 503


class OpenPages:
    """Middleware that allows at most ``maximum`` open pages.

    On a full server, a new visitor gets a sentence instead of the page. A page that lost its
    connection gets the same sentence from its health check, and shows it; health checks of other
    programs succeed.
    """

    def __init__(self, app: ASGIApp, maximum: int) -> None:
        self._app = app
        self._maximum = maximum
        self._open = 0
        self._sentence = (
            f"All {maximum} places of this server are taken; please try again in a minute."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count open pages, or answer 503; an ASGI application."""
        is_page = scope["type"] == "websocket"
        is_full = self._open >= self._maximum
        if is_full and (is_page or _opens_page(scope)):
            await refuse(scope, receive, send, _UNAVAILABLE, self._sentence, Retry_After="60")
        elif is_full and _is_reconnecting_page(scope):
            # Streamlit's page shows the answer only if it is JSON.
            await JSONResponse(self._sentence, _UNAVAILABLE)(scope, receive, send)
        elif is_page:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1
        else:
            await self._app(scope, receive, send)


def _opens_page(scope: Scope) -> bool:
    return scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", "")


def _is_reconnecting_page(scope: Scope) -> bool:
    """Return whether a page checks the server's health, as it does until its websocket is open."""
    if scope["type"] != "http" or not scope["path"].endswith(_HEALTH):
        return False
    return "referer" in Headers(scope=scope)
