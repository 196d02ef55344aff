"""Middleware that refuses all requests except those that the page needs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import refuse

_METHODS = ("GET", "HEAD")
# Streamlit's other addresses take uploads, show numbers about the process or control the page
# without a browser.
_STREAMLIT = "/_stcore/"
_STREAMLIT_NEEDED = frozenset({"health", "host-config", "stream", "bidi-components"})
_LOGIN = ("/auth/login", "/auth/logout", "/oauth2callback")  # the page has no accounts
_MAX_PATH_BYTES, _MAX_NAME_BYTES = 1_000, 255  # no file system has longer file names
_NOT_FOUND, _METHOD_NOT_ALLOWED = 404, 405


class AllowedRequests:
    """Middleware that passes on only the requests that a browser sends to show the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 404 or 405; an ASGI application."""
        if scope["type"] == "http" and scope["method"] not in _METHODS:
            await refuse(
                scope,
                receive,
                send,
                _METHOD_NOT_ALLOWED,
                "This server takes no uploads and answers only GET and HEAD requests.",
                Allow=", ".join(_METHODS),
            )
        elif scope["type"] in ("http", "websocket") and not _is_allowed(scope["path"]):
            await refuse(scope, receive, send, _NOT_FOUND, "This server has no such address.")
        else:
            await self._app(scope, receive, send)


def _is_allowed(path: str) -> bool:
    """Return whether ``path`` can be that of a file or a page that the browser needs."""
    raw = path.encode("utf-8", "surrogatepass")
    if len(raw) > _MAX_PATH_BYTES or "\0" in path:
        return False
    if any(len(name) > _MAX_NAME_BYTES for name in raw.split(b"/")):
        return False
    if path.endswith(_LOGIN):
        return False
    _, streamlit, rest = path.partition(_STREAMLIT)
    return not streamlit or rest.partition("/")[0] in _STREAMLIT_NEEDED
