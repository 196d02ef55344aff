"""The engine's clusters: what our own listens on, and runs on one that was started by hand."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.queue import engine_state
from core.queue.problems import ProblemCode
from core.runs.folder import find_run
from core.schedule.config import RunConfig
from core.support import environment
from core.support.files import read_json
from tests.helpers.engines import bits, engine, finished, own_outputs, undisturbed, wait

NIGHTS = 12


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def _tls_version(port: int) -> str | None:
    """The TLS version that a port speaks; raises OSError where it speaks something else."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        anything.wrap_socket(plain) as secure,
    ):
        return secure.version()


def _http_answer(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        try:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return plain.recv(100)
        except ConnectionResetError:
            return b""


def test_every_port_of_our_own_cluster_is_a_tls_port_on_loopback(outputs: Path) -> None:
    with engine() as started:
        started.ready()
        listening = [
            connection.laddr
            for process in started.family()
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        workers = engine_state.current_state().workers
        assert {address.ip for address in listening} == {"127.0.0.1"}
        # One for the scheduler, and for each worker its own and its nanny's.
        assert len(listening) == 1 + 2 * workers
        for address in listening:
            assert _tls_version(address.port) in ("TLSv1.2", "TLSv1.3")
            assert not _http_answer(address.port).startswith(b"HTTP/")
        started.leave()


def _start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=environment.PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def by_hand(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A scheduler and two workers, started as the README says; the scheduler's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scratch = str(outputs.parent / "scratch")
    scheduler = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = ("--nthreads", "1", "--preload", "core.engine.worker", "--no-dashboard")
    with ExitStack() as stack:
        for command in (
            ("distributed.cli.dask_scheduler", *scheduler),
            *(
                ("distributed.cli.dask_worker", address, *worker, "--local-directory", scratch)
                for _ in range(2)
            ),
        ):
            process = stack.enter_context(_start(*command))
            stack.callback(process.terminate)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        yield address


def _sweep(count: int) -> list[RunConfig]:
    return [
        RunConfig(
            split="digits",
            total_eps=2,
            num_cycles=1,
            num=2,
            start_fraction_rem=n / (count - 1),
            device="cpu",
        )
        for n in range(count)
    ]


@pytest.mark.slow
def test_a_sweep_of_twelve_nights_on_a_cluster_by_hand_uses_both_workers(
    by_hand: str, one_thread: int
) -> None:
    sweep = _sweep(NIGHTS)
    with engine() as started:
        started.ready()
        wait(lambda: engine_state.current_state().workers == 2)
        assert engine_state.current_state().scheduler == by_hand
        runs = [jobs.submit(config) for config in sweep]
        ends = [finished(run) for run in runs]
        started.leave()
    assert [end.status for end in ends] == ["done"] * NIGHTS
    assert len({read_json(find_run(run).heartbeat)["pid"] for run in runs}) == 2
    assert bits(find_run(runs[0])) == bits(undisturbed(sweep[0]))


def test_a_scheduler_that_is_not_there_is_told_in_one_sentence(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    run = jobs.submit(_sweep(2)[0])
    with engine() as started:
        assert started.process.wait(timeout=120) == 1
        now = jobs.state(run)
    assert now.status == "queued"
    assert now.problem is not None
    assert now.problem.code is ProblemCode.SCHEDULER_UNREACHABLE
    assert "DASK_SCHEDULER_ADDRESS is 'tcp://127.0.0.1:9'" in now.problem.sentence
    assert "Traceback" not in (outputs / "engine" / "output.txt").read_text()
