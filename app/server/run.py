"""Serve the page with uvicorn: Streamlit's options and its application behind the limits."""

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

from app.server import limits, logs
from app.server.application import application
from app.server.connections import connection_class
from app.server.limits import Capacity

_LOOPBACK = "127.0.0.1"
# asyncio accepts up to this many connections before it can refuse the first of them.
_BACKLOG = 128
_MAX_MESSAGE_BYTES = 2**20  # a page sends the state of its widgets, a few kB
_PING_S = 30
_SHUTDOWN_S = 5  # for open connections to finish


def serve(options: Sequence[str], connections: int, hosts: tuple[str, ...]) -> None:
    """Serve the page until a signal arrives, then exit the process with status 0.

    An unknown option exits with status 2, an address that cannot be used with status 1.

    Parameters
    ----------
    options : Sequence[str]
        Command-line options of Streamlit, such as ``--server.port``.
    connections : int
        Maximum number of open connections.
    hosts : tuple of str
        Allowed host names, as for `AllowedHosts`.
    """

    @click.command(help="Serve the page. The options are Streamlit's.")
    @cli.configurator_options
    def command(**values: Any) -> None:
        _serve(values, connections, hosts)

    command.main(list(options), prog_name="python -m app")


def _serve(options: dict[str, Any], max_connections: int, hosts: tuple[str, ...]) -> None:
    bootstrap.load_config_options(options)
    descriptors = limits.raise_descriptors()
    capacity = limits.capacity(max_connections, descriptors)
    if capacity.connections < max_connections:
        sys.stderr.write(
            f"SLEEP_MAX_CONNECTIONS is {max_connections}, but {descriptors} file descriptors are "
            f"enough for {capacity.connections} connections; raise their hard limit (ulimit -Hn).\n"
        )
    certificate, key = (config.get_option(f"server.ssl{part}File") for part in ("Cert", "Key"))
    if bool(certificate) != bool(key):
        sys.exit("Set both server.sslCertFile and server.sslKeyFile, or neither of them.")
    listener = _listen(
        config.get_option("server.address") or _LOOPBACK, config.get_option("server.port")
    )
    server = uvicorn.Server(server_config(application(capacity.pages, hosts), capacity))
    logs.install_filter()
    for number in (signal.SIGINT, signal.SIGTERM):
        # While it serves, uvicorn replaces these handlers; afterwards it sends the signal again.
        signal.signal(number, server.handle_exit)
    print(_address_message(listener), flush=True)
    with listener:
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


def server_config(app: ASGIApp, capacity: Capacity) -> uvicorn.Config:
    """Return loaded uvicorn settings for ``app``; exit the process for an unusable certificate."""
    ping = config.get_option("server.websocketPingInterval") or _PING_S
    settings = uvicorn.Config(
        app,
        http=connection_class(capacity.connections),
        ws=WebSocketsSansIOProtocol,
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_ping_interval=ping,
        ws_ping_timeout=ping,
        ws_per_message_deflate=config.get_option("server.enableWebsocketCompression"),
        ssl_certfile=config.get_option("server.sslCertFile"),
        ssl_keyfile=config.get_option("server.sslKeyFile"),
        backlog=_BACKLOG,
        log_level="warning",  # clients could fill the log with refused handshakes
        access_log=False,
        # With proxy_headers, uvicorn trusts X-Forwarded-For from any program on this machine, which
        # defeats the limits per network address: see
        # `core.support.environment.trusted_proxy_header`.
        proxy_headers=False,
        server_header=False,
        use_colors=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    try:
        settings.load()
    except OSError as error:
        sys.exit(f"server.sslCertFile or server.sslKeyFile cannot be used: {error}.")
    return settings


def _listen(address: str, port: int) -> socket.socket:
    """Return a listening socket; exit the process with a sentence if the address is unusable."""
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


def _address_message(listener: socket.socket) -> str:
    """Return a message with the page's address and whether other machines can reach it."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    base = config.get_option("server.baseUrlPath").strip("/")
    address = ipaddress.ip_address(host.partition("%")[0])
    name = config.get_option("browser.serverAddress")
    reach = "Other machines cannot reach it; to allow that, give --server.address 0.0.0.0."
    if not address.is_loopback:
        reach = (
            "Other machines reach it by the IP address of this machine; to allow its host name, "
            "set SLEEP_ALLOWED_HOSTS."
        )
        if not address.is_unspecified:
            name = f"[{host}]" if address.version == 6 else host
    return f"\n  Sleep Schedule Explorer: {scheme}://{name}:{port}/{base}\n  {reach}\n"
