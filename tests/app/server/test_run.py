"""The start of the page's server: its address, and one sentence for an unusable setting."""

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
from tools.http_client import ServerProcess, free_port, running_server, silent_listener
from tools.streamlit_client import session_id


def listening(server: ServerProcess) -> set[str]:
    """Return the addresses on which the server listens."""
    return {
        connection.laddr.ip
        for connection in server.process.net_connections("inet")
        if connection.status == "LISTEN"
    }


def test_by_default_the_server_listens_on_loopback_only(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert listening(server) == {"127.0.0.1"}
        assert f"http://localhost:{server.port}/\n" in server.output()
        assert "Other machines cannot reach it" in server.output()


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_the_server_listens_on_all_addresses_if_configured(everywhere: str, tmp_path: Path) -> None:
    if everywhere == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("needs IPv6")
    with running_server(tmp_path, "--server.address", everywhere) as server:
        assert listening(server) == {everywhere}
        assert "Other machines reach it by the IP address of this machine" in server.output()
        assert server.request("/_stcore/health", host="192.0.2.1").status == 200
        assert server.request("/_stcore/health", host="rebound.example").status == 403


def test_make_app_listens_on_loopback_by_default() -> None:
    for arguments, address in (((), "127.0.0.1"), (("ADDRESS=0.0.0.0",), "0.0.0.0")):
        completed = subprocess.run(
            ["make", "--dry-run", "--always-make", "app", *arguments],
            cwd=environment.PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.search(
            rf"-m app .*--server\.address {re.escape(address)}$", completed.stdout, re.M
        )


def test_streamlit_run_serves_the_page_with_the_same_limits_on_requests(tmp_path: Path) -> None:
    page = str(environment.PROJECT / "app" / "main.py")
    with (
        silent_listener() as (proxy, external_clients),
        running_server(
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
        assert server.request("/", host="rebound.example").status == 403
        assert server.request("/_stcore/upload_file/a/b", method="PUT").status == 405
        with connect(f"ws://{server.host}/_stcore/stream", close_timeout=1) as visitor:
            assert session_id(visitor)  # the page's script runs
        answers = []
        for _ in range(9):
            connection, answer = server.open_page()
            stack.callback(connection.close)
            answers.append(answer.status)
        assert answers == [101] * 8 + [503]
        assert external_clients == []


def test_the_settings_file_allows_no_uploads() -> None:
    settings = tomllib.loads(
        (environment.PROJECT / ".streamlit" / "config.toml").read_text("utf-8")
    )
    assert settings["server"]["maxUploadSize"] == 0
    assert settings["server"]["address"] == "127.0.0.1"


def run_app(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m app`` until it exits, which it does if it cannot serve."""
    return subprocess.run(
        [sys.executable, "-m", "app", *options],
        cwd=environment.PROJECT,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        completed = run_app("--server.port", port)
    assert completed.returncode == 1
    assert completed.stderr.splitlines()[-1] == (
        f"The page cannot be served at 127.0.0.1, port {port}: Address already in use; choose "
        "another with --server.port or --server.address."
    )
    assert "Traceback" not in completed.stderr


@pytest.mark.parametrize("address", ["no.such.name.invalid", "203.0.113.1", "unix:///tmp/a", "::g"])
def test_an_unusable_address_is_reported_in_one_sentence(address: str) -> None:
    completed = run_app("--server.address", address, "--server.port", str(free_port()))
    assert completed.returncode == 1
    assert f"The page cannot be served at {address}, port " in completed.stderr
    assert "Traceback" not in completed.stderr


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
def test_unusable_options_are_reported_in_one_sentence(options: list[str], sentence: str) -> None:
    completed = run_app(*options)
    assert completed.returncode == 1
    assert sentence in completed.stderr
    assert "Traceback" not in completed.stderr


def test_an_unknown_option_exits_with_status_2() -> None:
    completed = run_app("--server.prot", "9000")
    assert completed.returncode == 2
    assert "No such option" in completed.stderr
    assert "Traceback" not in completed.stderr


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
def test_an_invalid_setting_is_reported_in_one_sentence(
    variable: str, value: str, sentence: str
) -> None:
    completed = run_app(**{variable: value})
    assert completed.returncode == 1
    assert completed.stderr == f"{sentence}\n"


def test_more_connections_than_descriptors_are_reported_in_one_sentence(tmp_path: Path) -> None:
    with running_server(tmp_path, SLEEP_MAX_CONNECTIONS="1000000") as server:
        assert re.search(
            r"^SLEEP_MAX_CONNECTIONS is 1000000, but \d+ file descriptors are enough for \d+ "
            r"connections; raise their hard limit \(ulimit -Hn\)\.$",
            server.output(),
            re.M,
        )
