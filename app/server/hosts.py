"""Which names the server answers to, and which pages may open a websocket to it.

A page of another site cannot read what this server answers, unless its own name is made to point
at this machine (DNS rebinding). The browser then sends that name in the Host header, so a server
that answers only to names it knows is safe. An IP address needs no list: it is not looked up, so it
cannot be made to point elsewhere.

A websocket is open to every page that the browser shows, so its Origin must be this server. The
check is made here and not by Streamlit, which compares a foreign Origin with this machine's public
address and asks an outside host for it, inside the event loop.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import refuse, shown

_LOCAL = ("localhost", "*.localhost")  # RFC 6761: never looked up outside this machine
_FORBIDDEN = 403


class AllowedHosts:
    """Middleware that refuses unknown names in Host, and websockets from foreign pages.

    ``names`` are host names in lower case, ``*.name`` for all below one, ``*`` for any; localhost
    and IP addresses are always allowed. Only a name that is given in full or as ``*.name`` may also
    differ from Host as a websocket's Origin, as it does behind a proxy that changes Host.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = (*_LOCAL, *names)
        self._origins = tuple(name for name in names if name != "*")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sentence = self._refused_host(headers)
        if scope["type"] == "websocket":
            sentence = sentence or self._refused_origin(headers)
            # Streamlit finds no Origin that it would have to judge again.
            fields = [field for field in scope["headers"] if field[0].lower() != b"origin"]
            scope = {**scope, "headers": fields}
        if sentence:
            await refuse(scope, receive, send, _FORBIDDEN, sentence)
        else:
            await self._app(scope, receive, send)

    def _refused_host(self, headers: Headers) -> str | None:
        # No browser leaves Host out; health checks of load balancers do.
        for host in headers.getlist("host"):
            name = hostname(host)
            if name is None or not (_is_address(name) or _matches(name, self._hosts)):
                return (
                    f"This server does not answer to the host {shown(host)}; to allow it, add its "
                    "name to the setting SLEEP_ALLOWED_HOSTS."
                )
        return None

    def _refused_origin(self, headers: Headers) -> str | None:
        own = {host.lower() for host in headers.getlist("host")}
        for origin in headers.getlist("origin"):
            netloc = _netloc(origin)
            name = hostname(netloc)
            if name is None or not (netloc in own or _matches(name, self._origins)):
                return (
                    f"A page from {shown(origin)} may not connect to this server; if it is this "
                    "server's own page, add its host name to the setting SLEEP_ALLOWED_HOSTS."
                )
        return None


def hostname(host: str) -> str | None:
    """The name or address in a Host header, lower case and without port; None if malformed."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname
        parts.port  # noqa: B018  (raises ValueError for a port that is not one)
    except ValueError:
        return None
    if not name or parts.netloc != host or "@" in host:
        return None
    return name.removesuffix(".")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        name.endswith(pattern[1:]) if pattern.startswith("*") else name == pattern
        for pattern in patterns
    )
