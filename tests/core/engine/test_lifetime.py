"""The engine's life with real processes: what ends, hangs, cannot write or is left alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from distributed import Client

from core import jobs
from core.engine.dispatcher import MOST_DEATHS
from core.queue import engine_state, engine_users, entries
from core.queue.paths import engine_output_file
from core.runs.events import CycleDone, NightResumed, NightStopped
from core.runs.folder import find_run
from core.runs.log import LOG, RunReader
from core.schedule.config import RunConfig
from core.support import environment
from tests.conftest import of_kind
from tests.helpers.engines import (
    START_S,
    Engine,
    bits,
    engine,
    expect_ended,
    finished,
    own_outputs,
    running_pid,
    trains,
    undisturbed,
    wait,
    worker_of,
)

# One stage a cycle, and as few test images as there can be: about two seconds.
SHORT = RunConfig(
    split="digits",
    total_eps=2,
    num_cycles=1,
    num=2,
    start_fraction_rem=0.0,
    end_fraction_rem=0.0,
    device="cpu",
)
LONG = RunConfig(split="digits", total_eps=4_000, num_cycles=4, device="cpu")

PROGRAM = "import time; from core import jobs; jobs.keep_engine(); print('kept', flush=True); "


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with a worker for each core, ready, that the tests share and leave as it was."""
    with pytest.MonkeyPatch.context() as patch:
        own_outputs(tmp_path_factory.mktemp("outputs"), patch)
        with engine() as started:
            started.ready()
            yield started


def _events(run: str) -> list[object]:
    return list(RunReader(find_run(run).path).read())


# --- ends of a run ---


def test_stop_ends_a_night_in_training_and_resume_goes_on_after_its_finished_cycles(
    running: Engine,
) -> None:
    config = RunConfig(split="digits", total_eps=400, num_cycles=100, num=2, device="cpu")
    run = jobs.submit(config)
    wait(lambda: b'"CycleDone"' in (find_run(run).path / LOG).read_bytes() if trains(run) else 0)
    jobs.stop(run)
    stopped = finished(run)
    assert stopped.status == "stopped"
    assert isinstance(_events(run)[-1], NightStopped)
    kept = stopped.state.finished
    assert kept >= 1
    assert entries.read_all() == []
    jobs.resume(run)
    wait(lambda: of_kind(_events(run), NightResumed))
    assert of_kind(_events(run), NightResumed)[0].cycle == kept
    wait(lambda: len(of_kind(_events(run), CycleDone)) > kept)
    jobs.stop(run)
    assert finished(run).status == "stopped"


def test_stop_ends_a_night_that_is_being_measured(running: Engine) -> None:
    run = jobs.submit(LONG)
    wait(lambda: worker_of(run))  # its first work is to measure all test images
    jobs.stop(run)
    assert finished(run).status == "stopped"


def test_a_stopped_run_in_the_queue_never_starts(outputs: Path) -> None:
    run = jobs.submit(SHORT)
    jobs.stop(run)
    assert jobs.state(run).status == "stopped"
    with engine() as started:
        other = jobs.submit(SHORT)
        assert finished(other).status == "done"
        assert [type(event) for event in _events(run)] == [NightStopped]
        started.leave()


def test_a_folder_that_cannot_be_written_fails_its_own_run_with_a_sentence(outputs: Path) -> None:
    broken, whole = jobs.submit(SHORT), jobs.submit(SHORT)
    (find_run(broken).path / "arrays").write_text("a file where a folder should be")
    with engine() as started:
        assert finished(whole).status == "done"
        end = finished(broken)
        started.leave()
    assert end.status == "failed"
    assert end.problem is not None
    assert str(find_run(broken).path) in end.problem.sentence
    assert "cannot be written" in end.problem.sentence


def test_a_full_disk_fails_its_own_run_with_a_sentence_and_it_can_be_resumed(
    outputs: Path,
) -> None:
    config = RunConfig(split="digits", total_eps=6, num_cycles=3, num=2, device="cpu")
    full, whole = jobs.submit(config), jobs.submit(config)
    folder = find_run(full).path
    record = (folder / "config.json").read_bytes()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: that takes a system administrator")
    try:
        (folder / "config.json").write_bytes(record)
        with engine() as started:
            assert finished(whole).status == "done"
            end = finished(full)
            assert end.status == "failed"
            assert end.problem is not None
            assert "No space left" in end.problem.sentence
            remount = ["mount", "-o", "remount,size=50m", str(folder)]
            subprocess.run(remount, capture_output=True, check=True)
            jobs.resume(full)
            assert finished(full).status == "done"
            assert bits(find_run(full)) == bits(find_run(whole))
            started.leave()
    finally:
        subprocess.run(["umount", str(folder)], capture_output=True, check=True)


@pytest.mark.parametrize("damage", ["config", "log"])
def test_a_run_whose_files_are_damaged_fails_alone(damage: str, outputs: Path) -> None:
    broken, whole = jobs.submit(SHORT), jobs.submit(SHORT)
    name = {"config": "config.json", "log": LOG}[damage]
    (find_run(broken).path / name).write_text('{"kind": "Nonsense"}\n')
    with engine() as started:
        assert finished(whole).status == "done"
        wait(lambda: not entries.contains(broken))
        end = finished(broken)
        started.leave()
    assert end.status == "failed"
    assert end.problem is not None
    assert str(find_run(broken).path / name) in end.problem.sentence


def test_a_night_that_no_device_can_sleep_fails_with_a_sentence(running: Engine) -> None:
    run = jobs.submit(RunConfig(device="mps"))
    end = finished(run)
    assert (end.status, entries.read_all()) == ("failed", [])
    assert end.problem is not None
    assert end.problem.sentence.startswith("device is 'mps'")


# --- hung and slow workers ---


@pytest.mark.slow
def test_a_hung_worker_is_replaced_and_its_night_comes_out_the_same(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, one_thread: int
) -> None:
    monkeypatch.setenv("SLEEP_HUNG_AFTER_S", "6")
    config = RunConfig(split="digits", total_eps=60, num_cycles=2, num=20, device="cpu")
    expected = bits(undisturbed(config))
    with engine() as started:
        started.ready()
        run = jobs.submit(config)
        wait(lambda: trains(run))
        hung = worker_of(run)
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        assert finished(run).status == "done"
        assert not running_pid(hung)
        started.leave()
    assert bits(find_run(run)) == expected


@pytest.mark.slow
def test_a_slow_worker_is_left_in_peace(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_HUNG_AFTER_S", "6")
    with engine() as started:
        started.ready()
        run = jobs.submit(RunConfig(split="digits", total_eps=40, num_cycles=1, device="cpu"))
        slow = wait(lambda: worker_of(run))
        end = None
        while end is None:  # it works for a tenth of the time
            for number in (signal.SIGSTOP, signal.SIGCONT):
                if running_pid(slow):
                    os.kill(slow, number)
                wait_s = 0.18 if number == signal.SIGSTOP else 0.02
                time.sleep(wait_s)
            now = jobs.state(run)
            end = None if now.active and len(now.state.losses) < 3 else now
        assert running_pid(slow)
        jobs.stop(run)
        finished(run)
        started.leave()


def test_a_night_that_costs_worker_after_worker_fails_with_a_sentence(running: Engine) -> None:
    run = jobs.submit(LONG)
    killed: set[int | None] = {None}
    for _ in range(MOST_DEATHS):
        pid = wait(lambda: {worker_of(run)} - killed).pop()
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
    end = finished(run)
    assert end.status == "failed"
    assert end.problem is not None
    assert f"{MOST_DEATHS} workers died over the same cycle" in end.problem.sentence
    other = jobs.submit(SHORT)
    assert finished(other).status == "done"


# --- programs and their engine ---


@contextmanager
def _program(outputs: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that keeps an engine, killed at the latest with the block."""
    with _kept(outputs) as child:
        try:
            yield child
        finally:
            child.kill()


def _kept(outputs: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + "time.sleep(600)"],
        cwd=environment.PROJECT,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": str(outputs)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "kept\n"
    return child


@pytest.mark.slow
def test_nothing_is_left_of_a_program_that_was_killed_and_its_run_goes_on_in_the_next(
    outputs: Path,
) -> None:
    with _program(outputs) as program:
        pid = wait(lambda: engine_state.is_alive() and engine_state.last_published().pid)
        engine_process = psutil.Process(pid)
        run = jobs.submit(RunConfig(split="digits", total_eps=150, num_cycles=3, num=20))
        wait(lambda: trains(run))
        family = [engine_process, *engine_process.children(recursive=True)]
        assert len(family) > 2
        program.kill()
        expect_ended(family)
    assert jobs.state(run).status == "interrupted"
    assert jobs.state(run).wanted
    with engine() as started:
        assert finished(run).status == "done"
        started.leave()


@pytest.mark.slow
def test_a_killed_engine_is_started_again_by_the_program_that_keeps_it(outputs: Path) -> None:
    with _program(outputs) as program:
        wait(lambda: engine_state.current_state().ready)
        first = engine_state.last_published().pid
        run = jobs.submit(RunConfig(split="digits", total_eps=60, num_cycles=3, num=20))
        wait(lambda: trains(run))
        os.kill(first, signal.SIGKILL)
        assert finished(run).status == "done"
        assert engine_state.last_published().pid != first
        family = psutil.Process(engine_state.last_published().pid)
        program.terminate()
        expect_ended([family])


@pytest.mark.slow
def test_outputs_deleted_in_a_night_cost_one_engine_start_and_nothing_comes_back(
    outputs: Path,
) -> None:
    with _program(outputs) as program:
        wait(lambda: engine_state.current_state().ready)
        first = psutil.Process(engine_state.last_published().pid)
        deleted = jobs.submit(LONG)
        wait(lambda: trains(deleted))
        shutil.rmtree(outputs)
        run = jobs.submit(SHORT)
        assert finished(run, within_s=60).status == "done"
        expect_ended([first])
        second = psutil.Process(engine_state.last_published().pid)
        # Longer than an engine lives that sees no lease.
        with pytest.raises(AssertionError):
            wait(lambda: not running_pid(second.pid), within_s=5)
        assert engine_output_file().read_text("utf-8").count(" ready: ") == 1
        assert jobs.runs() == [run]
        program.terminate()
        expect_ended([second])


@pytest.mark.slow
def test_a_frozen_engine_is_told_within_15_seconds_until_it_works_again(outputs: Path) -> None:
    with _program(outputs) as program:
        wait(lambda: engine_state.current_state().ready)
        frozen = psutil.Process(engine_state.last_published().pid)
        running = jobs.submit(LONG)
        wait(lambda: trains(running))
        frozen.suspend()
        waiting = jobs.submit(SHORT)
        problem = wait(lambda: jobs.state(waiting).problem, within_s=15)
        assert f"job engine (process {frozen.pid}) has not answered since" in problem.sentence
        assert (jobs.state(waiting).status, jobs.state(waiting).served) == ("queued", False)
        assert (jobs.state(running).status, jobs.state(running).problem) == ("running", None)
        frozen.resume()
        wait(lambda: jobs.state(waiting).problem is None, within_s=15)
        jobs.stop(running)
        assert finished(waiting).status == "done"
        program.terminate()
        expect_ended([frozen])


def test_an_engine_lives_as_long_as_anybody_needs_it(outputs: Path) -> None:
    with engine() as started:
        other = engine_users.register_user()
        started.lease.release()
        run = jobs.submit(SHORT)
        assert finished(run).status == "done"
        assert started.process.poll() is None
        other.release()
        assert started.process.wait(timeout=START_S) == 0


def test_two_engines_never_serve_one_folder(running: Engine) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "serve-engine"],
        cwd=environment.PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "already" in done.stderr
    assert "Traceback" not in done.stderr


# --- who may talk to it ---


def _answer_to_no_tls(address: str) -> bytes:
    host, port = address.removeprefix("tls://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        try:
            plain.sendall(b"\x00" * 64)
            return plain.recv(1_000)
        except ConnectionResetError:
            return b""


def test_it_listens_on_loopback_only_and_lets_nobody_in_without_credentials(
    running: Engine,
) -> None:
    listening = [
        connection.laddr.ip
        for process in running.family()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}
    address = engine_state.current_state().scheduler
    assert address.startswith("tls://127.0.0.1:")
    with pytest.raises((OSError, TypeError, ValueError, RuntimeError)):
        Client(address, timeout=2)
    assert _answer_to_no_tls(address) == b""
    run = jobs.submit(SHORT)
    assert finished(run).status == "done"  # and is none the worse for it


def test_nothing_of_its_credentials_is_on_disk(running: Engine) -> None:
    found = [file for file in environment.outputs_dir().rglob("*") if file.is_file()]
    assert found
    assert [file for file in found if b"PRIVATE KEY" in file.read_bytes()] == []
