"""The visitor: a browser with a secret in a cookie, at a network address.

The secret survives reloads and is sent to this server only. Runs are stored under a public name
derived from it. The server creates the secret, so a visitor who presses Run before the browser has
answered keeps the same name.
"""

import hashlib
import ipaddress
import re
import secrets
from contextlib import suppress
from typing import NamedTuple

import streamlit as st

from app.components.cookie import cookie, stored_secret
from core.support import environment

COOKIE = "sleep_visitor"

_KEY = "visitor"  # of the component, and of its answer in the session's state
_SECRET = "visitor_secret"  # in the session's state
_SECRET_BYTES = 16
_SECRET_FORMAT = re.compile(r"[0-9a-f]{32}")
_NAME_DIGITS = 16
_NAME_FORMAT = re.compile(rf"visitor-[0-9a-f]{{{_NAME_DIGITS}}}")
_PORT = re.compile(r":\d{1,5}")
_NO_COOKIES = ""  # the answer of a browser that stores no cookies


class Visitor(NamedTuple):
    """``person`` owns the visitor's runs; ``address`` is the network address, "" if unknown."""

    person: str
    address: str


def store_secret() -> None:
    """Let the browser store the session's secret; it draws nothing visible."""
    cookie(COOKIE, _secret(), key=_KEY)


def visitor() -> Visitor:
    """Return the visitor of this session; raise `ConfigError` as `address` does."""
    return Visitor(person(), address())


def person() -> str:
    """Return the public name of the session's visitor."""
    return name_of(_secret())


def without_cookies() -> bool:
    """Return whether the browser stores no cookies, so that a reload is a new visitor."""
    return stored_secret(_KEY) == _NO_COOKIES


def address() -> str:
    """Return the visitor's network address, "" if it is unknown or this machine's own.

    It is the connection's address, or the last entry of the header that
    ``SLEEP_TRUSTED_PROXY_HEADER`` names: the trusted proxy appends it, while a visitor can forge
    all earlier entries. Raises `ConfigError` if the setting is not the name of a header.
    """
    header = environment.trusted_proxy_header()
    if header is not None:
        entries = ",".join(st.context.headers.get_all(header)).split(",")
        with suppress(ValueError):
            return _parsed_address(entries[-1].strip())
    with suppress(ValueError):
        return _parsed_address(str(st.context.ip_address))
    return ""


def name_of(secret: str) -> str:
    """Return the public name for a secret; the secret cannot be computed from it."""
    return f"visitor-{hashlib.sha256(secret.encode()).hexdigest()[:_NAME_DIGITS]}"


def is_visitor_name(person: str | None) -> bool:
    """Return whether ``person`` has the form of the names that `name_of` returns."""
    return person is not None and _NAME_FORMAT.fullmatch(person) is not None


def _secret() -> str:
    answer = stored_secret(_KEY)
    if _is_secret(answer):
        return str(answer)
    if _SECRET not in st.session_state:
        sent = st.context.cookies.get(COOKIE)
        st.session_state[_SECRET] = sent if _is_secret(sent) else secrets.token_hex(_SECRET_BYTES)
    return str(st.session_state[_SECRET])


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and _SECRET_FORMAT.fullmatch(value) is not None


def _parsed_address(text: str) -> str:
    """An address without the port that some proxies add; raises ValueError for anything else."""
    host, bracket, rest = text.removeprefix("[").partition("]")
    if bracket and not (rest == "" or _PORT.fullmatch(rest)):
        raise ValueError(text)
    if host.count(":") == 1:
        host, _, port = host.partition(":")
        if not port.isdecimal():
            raise ValueError(text)
    return str(ipaddress.ip_address(host))
