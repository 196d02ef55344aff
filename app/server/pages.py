"""A limit on the pages that are open at the same time; each one is a websocket and a session."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import refuse

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
        self._sentence = (
            f"All {most} places of this server are taken; please try again in a minute."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "websocket"
        full = self._open >= self._most
        if full and (page or _opens_page(scope)):
            await refuse(scope, receive, send, _UNAVAILABLE, self._sentence, Retry_After="60")
        elif full and _lost_connection(scope):
            # Streamlit's page shows what it is answered only if that is JSON.
            await JSONResponse(self._sentence, _UNAVAILABLE)(scope, receive, send)
        elif page:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1
        else:
            await self._app(scope, receive, send)


def _opens_page(scope: Scope) -> bool:
    return scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", "")


def _lost_connection(scope: Scope) -> bool:
    """Whether a page asks for the server's health, as it does until its websocket is open."""
    if scope["type"] != "http" or not scope["path"].endswith(_HEALTH):
        return False
    return "referer" in Headers(scope=scope)
