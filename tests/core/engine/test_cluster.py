"""`core.engine.cluster`: the security of the local cluster, and a cluster started by hand."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from distributed import Client

from core import jobs
from core.queue import engine_state
from core.queue.problems import ProblemCode
from core.runs.folder import find_run
from core.schedule.config import RunConfig
from core.support import environment
from core.support.files import read_json
from tests.helpers.engines import (
    SHORT_RUN,
    Engine,
    execute_here,
    result_bits,
    running_engine,
    wait_until,
    wait_until_over,
)

RUNS = 12


# --- the local cluster ---


def listening_addresses(engine: Engine) -> list[tuple[str, int]]:
    """Return the addresses and ports on which the engine's processes listen."""
    return [
        (connection.laddr.ip, connection.laddr.port)
        for process in engine.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def tls_version(port: int) -> str | None:
    """Return the TLS version of a port; raises OSError if it does not speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain) as secure,
    ):
        return secure.version()


def plain_answer(port: int, request: bytes) -> bytes:
    """Return what a port answers to a request without TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        try:
            plain.sendall(request)
            return plain.recv(1_000)
        except ConnectionResetError:
            return b""


def test_every_port_of_the_local_cluster_speaks_tls_on_loopback(shared_engine: Engine) -> None:
    listening = listening_addresses(shared_engine)
    workers = engine_state.current_state().workers
    assert {host for host, _ in listening} == {"127.0.0.1"}
    # One port of the scheduler, and per worker its own and its nanny's.
    assert len(listening) == 1 + 2 * workers
    for _, port in listening:
        assert tls_version(port) in ("TLSv1.2", "TLSv1.3")
        assert not plain_answer(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/")


def test_the_scheduler_rejects_clients_without_credentials_and_still_executes_runs(
    shared_engine: Engine,
) -> None:
    address = engine_state.current_state().scheduler
    scheme, _, host = address.partition("://")
    assert (scheme, host.partition(":")[0]) == ("tls", "127.0.0.1")
    with pytest.raises((OSError, TypeError, ValueError, RuntimeError)):
        Client(address, timeout=2)
    assert plain_answer(int(host.partition(":")[2]), b"\x00" * 64) == b""
    run = jobs.submit(SHORT_RUN)
    assert wait_until_over(run).status == "done"


def test_the_outputs_folder_contains_no_credentials(shared_engine: Engine) -> None:
    files = [file for file in environment.outputs_dir().rglob("*") if file.is_file()]
    assert files
    assert [file for file in files if b"PRIVATE KEY" in file.read_bytes()] == []


# --- a cluster that was started by hand ---


def start_module(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=environment.PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def scheduler_by_hand(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A scheduler and two workers, started as the README describes; the scheduler's address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = (
        *("--nthreads", "1", "--preload", "core.engine.worker", "--no-dashboard"),
        *("--local-directory", str(outputs.parent / "workers")),
    )
    with ExitStack() as stack:
        for command in (
            ("distributed.cli.dask_scheduler", *scheduler),
            ("distributed.cli.dask_worker", address, *worker),
            ("distributed.cli.dask_worker", address, *worker),
        ):
            process = stack.enter_context(start_module(*command))
            stack.callback(process.terminate)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        yield address


def sweep_of_rem_fractions(count: int) -> list[RunConfig]:
    """Return short configs that differ in the REM fraction of their only cycle."""
    return [
        RunConfig(
            split="digits",
            total_eps=2,
            num_cycles=1,
            num=2,
            start_fraction_rem=number / (count - 1),
            device="cpu",
        )
        for number in range(count)
    ]


@pytest.mark.slow
def test_a_sweep_on_a_cluster_started_by_hand_uses_both_workers(
    scheduler_by_hand: str, one_thread: int
) -> None:
    configs = sweep_of_rem_fractions(RUNS)
    with running_engine() as engine:
        engine.wait_until_ready()
        wait_until(lambda: engine_state.current_state().workers == 2)
        assert engine_state.current_state().scheduler == scheduler_by_hand
        runs = [jobs.submit(config) for config in configs]
        snapshots = [wait_until_over(run) for run in runs]
        engine.release()
    assert [snapshot.status for snapshot in snapshots] == ["done"] * RUNS
    assert len({read_json(find_run(run).heartbeat)["pid"] for run in runs}) == 2
    assert result_bits(find_run(runs[0])) == result_bits(execute_here(configs[0]))


def test_a_missing_scheduler_is_reported_in_one_sentence(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    run = jobs.submit(SHORT_RUN)
    with running_engine() as engine:
        assert engine.process.wait(timeout=120) == 1
        snapshot = jobs.state(run)
    assert snapshot.status == "queued"
    assert snapshot.problem is not None
    assert snapshot.problem.code is ProblemCode.SCHEDULER_UNREACHABLE
    assert "DASK_SCHEDULER_ADDRESS is 'tcp://127.0.0.1:9'" in snapshot.problem.sentence
    assert "Traceback" not in (outputs / "engine" / "output.txt").read_text()
