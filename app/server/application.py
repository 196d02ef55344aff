"""Streamlit's application for the page, behind the middleware that limits requests."""

import sys

import streamlit as st
from starlette.middleware import Middleware

from app.server import limits
from app.server.allowed_paths import AllowedRequests
from app.server.hosts import AllowedHosts
from app.server.pages import OpenPages
from core.support import environment
from core.support.errors import ConfigError


def application(pages: int, hosts: tuple[str, ...]) -> st.App:
    """Return the application for at most ``pages`` open pages; ``hosts`` as for `AllowedHosts`.

    Streamlit runs this middleware before its own.
    """
    return st.App(environment.PROJECT / "app" / "main.py", middleware=middleware(pages, hosts))


def middleware(pages: int, hosts: tuple[str, ...]) -> list[Middleware]:
    """Return the limits in the order in which a request passes them."""
    return [
        Middleware(AllowedHosts, names=hosts),
        Middleware(AllowedRequests),
        Middleware(OpenPages, maximum=pages),
    ]


def middleware_from_environment() -> list[Middleware]:
    """Return the limits that the environment sets, for a server that Streamlit starts.

    Exits the process with a sentence if a setting is invalid.
    """
    try:
        connections, hosts = environment.max_connections(), environment.allowed_hosts()
    except ConfigError as error:
        sys.exit(str(error))
    return middleware(limits.capacity(connections, limits.raise_descriptors()).pages, hosts)
