"""Serves the page: Streamlit's options, its application with the limits, and uvicorn."""

import ipaddress
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

import click
import uvicorn
from starlette.types import ASGIApp
from streamlit import config
from streamlit.web import bootstrap, cli
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.server import connections, limits, logs
from app.server.application import application
from app.server.limits import Capacity

_LOOPBACK = "127.0.0.1"
# asyncio accepts up to this many connections before the first of them can be refused.
_BACKLOG = 128
_LARGEST_MESSAGE = 2**20  # bytes; a page sends the state of its widgets, a few kB
_PING_S = 30
_ENDING_S = 5  # for open connections when the server ends


def serve(options: Sequence[str], most: int, hosts: tuple[str, ...]) -> None:
    """Serve the page until a signal comes, then end the process with status 0.

    ``options`` are Streamlit's, such as ``--server.port``; an unknown one ends the process with
    status 2, an address that cannot be had with 1. At most ``most`` connections are open at the
    same time; ``hosts`` are allowed as `AllowedHosts` takes them.
    """

    @click.command(help="Serve the page. The options are Streamlit's.")
    @cli.configurator_options
    def command(**given: Any) -> None:
        _serve(given, most, hosts)

    command.main(list(options), prog_name="python -m app")


def _serve(given: dict[str, Any], wanted: int, hosts: tuple[str, ...]) -> None:
    bootstrap.load_config_options(given)
    descriptors = limits.raise_descriptors()
    capacity = limits.capacity(wanted, descriptors)
    if capacity.connections < wanted:
        sys.stderr.write(
            f"SLEEP_MAX_CONNECTIONS is {wanted}, but {descriptors} file descriptors are enough for "
            f"{capacity.connections} connections; raise their hard limit (ulimit -Hn).\n"
        )
    certificate, key = (config.get_option(f"server.ssl{part}File") for part in ("Cert", "Key"))
    if bool(certificate) != bool(key):
        sys.exit("Set both server.sslCertFile and server.sslKeyFile, or neither of them.")
    listener = _listen(
        config.get_option("server.address") or _LOOPBACK, config.get_option("server.port")
    )
    server = uvicorn.Server(server_config(application(capacity.pages, hosts), capacity))
    logs.install()
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has handlers of its own while it serves, then sends itself the signal again.
        signal.signal(number, server.handle_exit)
    print(_welcome(listener), flush=True)
    with listener:
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


def server_config(app: ASGIApp, capacity: Capacity) -> uvicorn.Config:
    """The web server's settings, loaded, for ``app`` behind its limits."""
    ping = config.get_option("server.websocketPingInterval") or _PING_S
    made = uvicorn.Config(
        app,
        http=connections.limited(capacity.connections),
        ws=WebSocketsSansIOProtocol,
        ws_max_size=_LARGEST_MESSAGE,
        ws_ping_interval=ping,
        ws_ping_timeout=ping,
        ws_per_message_deflate=config.get_option("server.enableWebsocketCompression"),
        ssl_certfile=config.get_option("server.sslCertFile"),
        ssl_keyfile=config.get_option("server.sslKeyFile"),
        backlog=_BACKLOG,
        log_level="warning",  # a line for every refused handshake would be an outsider's to write
        access_log=False,
        # uvicorn would trust X-Forwarded-For from any program on this machine, which would defeat
        # the limits per network address: see `core.support.environment.trusted_proxy_header`.
        proxy_headers=False,
        server_header=False,
        use_colors=False,
        timeout_graceful_shutdown=_ENDING_S,
    )
    try:
        made.load()
    except OSError as error:
        sys.exit(f"server.sslCertFile or server.sslKeyFile cannot be used: {error}.")
    return made


def _listen(address: str, port: int) -> socket.socket:
    """A socket that listens; ends the process with a sentence where there can be none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server(
            (address, port),
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=address == "::" and socket.has_dualstack_ipv6(),
        )
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        sys.exit(
            f"The page cannot be served at {address}, port {port}: {reason}; choose another with "
            "--server.port or --server.address."
        )


def _welcome(listener: socket.socket) -> str:
    """The page's address, and from where it can be reached."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    base = config.get_option("server.baseUrlPath").strip("/")
    address = ipaddress.ip_address(host.partition("%")[0])
    name = config.get_option("browser.serverAddress")
    reach = "Other machines cannot reach it; for that give --server.address 0.0.0.0."
    if not address.is_loopback:
        reach = "From other machines: this one's IP address; for its name set SLEEP_ALLOWED_HOSTS."
        if not address.is_unspecified:
            name = f"[{host}]" if address.version == 6 else host
    return f"\n  Sleep Schedule Explorer: {scheme}://{name}:{port}/{base}\n  {reach}\n"
