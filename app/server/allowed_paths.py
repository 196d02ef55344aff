"""Requests that the page needs; all others are refused before Streamlit sees them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import refuse

_METHODS = ("GET", "HEAD")
# The others of Streamlit's own addresses take uploads, show numbers about the process or drive the
# page without a browser.
_CORE = "/_stcore/"
_NEEDED = frozenset({"health", "host-config", "stream", "bidi-components"})
_LOGIN = ("/auth/login", "/auth/logout", "/oauth2callback")  # the page has no accounts
_LONGEST_PATH, _LONGEST_NAME = 1_000, 255  # bytes; no file system has longer names of files
_NOT_FOUND, _METHOD_NOT_ALLOWED = 404, 405


class NeededRequests:
    """Middleware that lets through what a browser asks for to show the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _METHODS:
            await refuse(
                scope,
                receive,
                send,
                _METHOD_NOT_ALLOWED,
                "This server takes no uploads and answers only GET and HEAD requests.",
                Allow=", ".join(_METHODS),
            )
        elif scope["type"] in ("http", "websocket") and not _needed(scope["path"]):
            await refuse(scope, receive, send, _NOT_FOUND, "This server has no such address.")
        else:
            await self._app(scope, receive, send)


def _needed(path: str) -> bool:
    """Whether ``path`` can be a file's or page's, and is not one of Streamlit's extras."""
    raw = path.encode("utf-8", "surrogatepass")
    if len(raw) > _LONGEST_PATH or "\0" in path:
        return False
    if any(len(name) > _LONGEST_NAME for name in raw.split(b"/")):
        return False
    if path.endswith(_LOGIN):
        return False
    _, core, rest = path.partition(_CORE)
    return not core or rest.partition("/")[0] in _NEEDED
