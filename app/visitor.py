"""Who visits: a browser with a secret in a cookie, at a network address.

The secret survives reloads and leaves the browser for this server only. Runs are stored under a
name derived from it, which everybody may see. The server makes the secret, so that a visitor who
presses Run before the browser has answered has the same name afterwards.
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
_FORM = re.compile(r"[0-9a-f]{32}")
_NAME_DIGITS = 16
_NAME = re.compile(rf"visitor-[0-9a-f]{{{_NAME_DIGITS}}}")
_PORT = re.compile(r":\d{1,5}")
_BLOCKED = ""  # the answer of a browser that keeps no cookies


class Visitor(NamedTuple):
    """``person`` owns the visitor's runs; ``address`` is the network address, "" if unknown."""

    person: str
    address: str


def remember() -> None:
    """Let the browser keep the secret; draws nothing that can be seen."""
    cookie(COOKIE, _secret(), key=_KEY)


def visitor() -> Visitor:
    """The visitor of this session; raises `ConfigError` as `address` does."""
    return Visitor(person(), address())


def person() -> str:
    """The public name of the session's visitor."""
    return name_of(_secret())


def forgotten() -> bool:
    """Whether the browser keeps no cookies, so that a reload makes another visitor of it."""
    return stored_secret(_KEY) == _BLOCKED


def address() -> str:
    """The visitor's network address, "" where it is unknown or this machine's own.

    It is the connection's, or what a trusted proxy says: the last entry of the header that
    ``SLEEP_TRUSTED_PROXY_HEADER`` names, since a visitor can write all entries before it. Raises
    `ConfigError` for a setting that names no header.
    """
    header = environment.trusted_proxy_header()
    if header is not None:
        entries = ",".join(st.context.headers.get_all(header)).split(",")
        with suppress(ValueError):
            return _address(entries[-1].strip())
    with suppress(ValueError):
        return _address(str(st.context.ip_address))
    return ""


def name_of(secret: str) -> str:
    """The public name that belongs to a secret, from which the secret cannot be computed."""
    return f"visitor-{hashlib.sha256(secret.encode()).hexdigest()[:_NAME_DIGITS]}"


def is_name(person: str | None) -> bool:
    """Whether ``person`` is what `name_of` returns for some secret."""
    return person is not None and _NAME.fullmatch(person) is not None


def _secret() -> str:
    answer = stored_secret(_KEY)
    if _is_secret(answer):
        return str(answer)
    if _SECRET not in st.session_state:
        sent = st.context.cookies.get(COOKIE)
        st.session_state[_SECRET] = sent if _is_secret(sent) else secrets.token_hex(_SECRET_BYTES)
    return str(st.session_state[_SECRET])


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def _address(text: str) -> str:
    """An address without the port that some proxies add; raises ValueError for anything else."""
    host, bracket, rest = text.removeprefix("[").partition("]")
    if bracket and not (rest == "" or _PORT.fullmatch(rest)):
        raise ValueError(text)
    if host.count(":") == 1:
        host, _, port = host.partition(":")
        if not port.isdecimal():
            raise ValueError(text)
    return str(ipaddress.ip_address(host))
