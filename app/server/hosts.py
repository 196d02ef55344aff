"""Middleware that checks the Host header, and the Origin of websockets.

A page of another site cannot read the answers of this server, unless that site's DNS name is
changed to point at this machine (DNS rebinding). The browser then sends that name in the Host
header, so answering only to known names prevents the attack. An IP address needs no list, because
it is not looked up in the DNS.

Any page in a browser may open a websocket to this server, so its Origin must be this server.
Streamlit's own check is not used: it compares a foreign Origin with the public address of this
machine, and requests that address from an external host inside the event loop.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.refusals import quote, refuse

_LOCAL = ("localhost", "*.localhost")  # RFC 6761: resolved on this machine
_FORBIDDEN = 403


class AllowedHosts:
    """Middleware that refuses unknown hosts, and websockets from pages of other origins.

    ``names`` are the allowed host names in lower case; ``*.name`` allows all names below one and
    ``*`` any name. localhost and IP addresses are always allowed. A websocket's Origin may differ
    from its Host only if it matches a name other than ``*``; it differs behind a proxy that
    changes Host.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = (*_LOCAL, *names)
        self._origins = tuple(name for name in names if name != "*")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403; an ASGI application."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sentence = self._refused_host(headers)
        if scope["type"] == "websocket":
            sentence = sentence or self._refused_origin(headers)
            # Without an Origin, Streamlit skips its own check.
            fields = [field for field in scope["headers"] if field[0].lower() != b"origin"]
            scope = {**scope, "headers": fields}
        if sentence:
            await refuse(scope, receive, send, _FORBIDDEN, sentence)
        else:
            await self._app(scope, receive, send)

    def _refused_host(self, headers: Headers) -> str | None:
        # Browsers always send Host; health checks of load balancers may not.
        for host in headers.getlist("host"):
            name = hostname(host)
            if name is None or not (_is_address(name) or _matches(name, self._hosts)):
                return (
                    f"This server does not answer to the host {quote(host)}; to allow it, add its "
                    "name to the setting SLEEP_ALLOWED_HOSTS."
                )
        return None

    def _refused_origin(self, headers: Headers) -> str | None:
        hosts = {host.lower() for host in headers.getlist("host")}
        for origin in headers.getlist("origin"):
            netloc = _netloc(origin)
            name = hostname(netloc)
            if name is None or not (netloc in hosts or _matches(name, self._origins)):
                return (
                    f"A page from {quote(origin)} may not connect to this server; if it is this "
                    "server's own page, add its host name to the setting SLEEP_ALLOWED_HOSTS."
                )
        return None


def hostname(host: str) -> str | None:
    """Return the lower-case name or address in a Host header, without port; None if malformed."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname
        parts.port  # noqa: B018  (raises ValueError for an invalid port)
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
