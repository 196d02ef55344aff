"""Nights on a Dask cluster that somebody else started, by its address alone."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core import jobs, settings
from core.config import RunConfig
from core.engine import state
from core.files import read_json
from core.store.folder import find_run
from tests.engines import bits, engine, finished, own_outputs, undisturbed, wait

NIGHTS = 12


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def _start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=settings.PROJECT,
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
        wait(lambda: state.engine_now().workers == 2)
        assert state.engine_now().scheduler == by_hand
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
    assert "DASK_SCHEDULER_ADDRESS is 'tcp://127.0.0.1:9'" in now.problem
    assert "Traceback" not in (outputs / "engine" / "output.txt").read_text()
