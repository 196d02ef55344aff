"""How the page's server starts: where it listens, and what it says of what it cannot do."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.sync.client import connect

from core.support import environment
from tools.http_client import Served, free_port, served, session_id, silent_listener


def listening(server: Served) -> set[str]:
    """The addresses at which a server listens."""
    return {
        connection.laddr.ip
        for connection in server.process.net_connections("inet")
        if connection.status == "LISTEN"
    }


def test_by_default_the_server_listens_on_loopback_only(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert listening(server) == {"127.0.0.1"}
        assert f"http://localhost:{server.port}/\n" in server.said()
        assert "Other machines cannot reach it" in server.said()


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_all_addresses_are_served_where_the_host_wants_it(everywhere: str, tmp_path: Path) -> None:
    if everywhere == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("needs IPv6")
    with served(tmp_path, "--server.address", everywhere) as server:
        assert listening(server) == {everywhere}
        assert "From other machines: this one's IP address" in server.said()
        assert server.ask("/_stcore/health", host="192.0.2.1").status == 200
        assert server.ask("/_stcore/health", host="rebound.example").status == 403


def test_make_app_listens_on_loopback_by_default() -> None:
    for given, address in (((), "127.0.0.1"), (("ADDRESS=0.0.0.0",), "0.0.0.0")):
        done = subprocess.run(
            ["make", "--dry-run", "--always-make", "app", *given],
            cwd=environment.PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.search(rf"-m app .*--server\.address {re.escape(address)}$", done.stdout, re.M)


def test_streamlits_own_command_serves_the_page_under_the_same_limits(tmp_path: Path) -> None:
    page = str(environment.PROJECT / "app" / "main.py")
    with (
        silent_listener() as (proxy, outside),
        served(
            tmp_path,
            module=("streamlit", "run", page),
            SLEEP_MAX_CONNECTIONS="10",
            http_proxy=f"http://{proxy}",
            https_proxy=f"http://{proxy}",
        ) as server,
        ExitStack() as stack,
    ):
        assert listening(server) == {"127.0.0.1"}
        for headers, status in (
            (["Origin: http://foreign.example"], 403),
            ([f"Origin: http://{server.host}"], 101),
        ):
            connection, answer = server.handshake(*headers)
            connection.close()
            assert answer.status == status
        assert server.ask("/", host="rebound.example").status == 403
        assert server.ask("/_stcore/upload_file/a/b", method="PUT").status == 405
        with connect(f"ws://{server.host}/_stcore/stream", close_timeout=1) as visitor:
            assert session_id(visitor)  # so the page's script runs
        answers = []
        for _ in range(9):
            connection, answer = server.visit()
            stack.callback(connection.close)
            answers.append(answer.status)
        assert answers == [101] * 8 + [503]
        assert outside == []


def test_the_settings_file_has_no_room_for_uploads() -> None:
    given = tomllib.loads((environment.PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert given["server"]["maxUploadSize"] == 0
    assert given["server"]["address"] == "127.0.0.1"


def started(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m app`` to its end, which comes soon where it cannot serve."""
    return subprocess.run(
        [sys.executable, "-m", "app", *options],
        cwd=environment.PROJECT,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = started("--server.port", port)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"The page cannot be served at 127.0.0.1, port {port}: Address already in use; choose "
        "another with --server.port or --server.address."
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["no.such.name.invalid", "203.0.113.1", "unix:///tmp/a", "::g"])
def test_an_address_that_cannot_be_had_is_one_sentence(address: str) -> None:
    done = started("--server.address", address, "--server.port", str(free_port()))
    assert done.returncode == 1
    assert f"The page cannot be served at {address}, port " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--server.sslCertFile", "no.pem"],
            "Set both server.sslCertFile and server.sslKeyFile, or neither of them.",
        ),
        (
            ["--server.sslCertFile", "no.pem", "--server.sslKeyFile", "no.pem"],
            "server.sslCertFile or server.sslKeyFile cannot be used: ",
        ),
        (["--server.port", "99999"], "The page cannot be served at 127.0.0.1, port 99999: "),
    ],
)
def test_options_that_cannot_be_used_are_a_sentence(options: list[str], sentence: str) -> None:
    done = started(*options)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_ends_with_status_2() -> None:
    done = started("--server.prot", "9000")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "SLEEP_MAX_CONNECTIONS",
            "9",
            "SLEEP_MAX_CONNECTIONS is 9; give a whole number from 10 to 1000000.",
        ),
        (
            "SLEEP_ALLOWED_HOSTS",
            "http://a.example",
            "SLEEP_ALLOWED_HOSTS holds 'http://a.example'; give host names without scheme and "
            "port, separated by commas, such as sleep.example.org or *.example.org, or * for any.",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(
    variable: str, value: str, sentence: str
) -> None:
    done = started(**{variable: value})
    assert done.returncode == 1
    assert done.stderr == f"{sentence}\n"


def test_more_connections_than_descriptors_are_a_sentence(tmp_path: Path) -> None:
    with served(tmp_path, SLEEP_MAX_CONNECTIONS="1000000") as server:
        assert re.search(
            r"^SLEEP_MAX_CONNECTIONS is 1000000, but \d+ file descriptors are enough for \d+ "
            r"connections; raise their hard limit \(ulimit -Hn\)\.$",
            server.said(),
            re.M,
        )
