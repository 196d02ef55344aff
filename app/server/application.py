"""Streamlit's application for the page, behind the limits that work on requests."""

import sys

import streamlit as st
from starlette.middleware import Middleware

from app.server import limits
from app.server.allowed_paths import NeededRequests
from app.server.hosts import AllowedHosts
from app.server.pages import OpenPages
from core.support import environment
from core.support.errors import ConfigError


def application(pages: int, hosts: tuple[str, ...]) -> st.App:
    """The application in which ``pages`` may be open; ``hosts`` are as `AllowedHosts` takes them.

    Streamlit calls the middleware before its own.
    """
    return st.App(environment.PROJECT / "app" / "main.py", middleware=middleware(pages, hosts))


def middleware(pages: int, hosts: tuple[str, ...]) -> list[Middleware]:
    """The limits, in the order in which a request meets them."""
    return [
        Middleware(AllowedHosts, names=hosts),
        Middleware(NeededRequests),
        Middleware(OpenPages, most=pages),
    ]


def middleware_by_settings() -> list[Middleware]:
    """The same for a server that Streamlit starts; ends the process for an unusable setting."""
    try:
        wanted, hosts = environment.max_connections(), environment.allowed_hosts()
    except ConfigError as error:
        sys.exit(str(error))
    return middleware(limits.capacity(wanted, limits.raise_descriptors()).pages, hosts)
