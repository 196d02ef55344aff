"""The lifetime of an engine's process, and of the programs that need it, with real processes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.queue import engine_state, engine_users
from core.queue.paths import engine_output_file
from core.schedule.config import RunConfig
from core.support import environment
from tests.helpers.engines import (
    LONG_RUN,
    SHORT_RUN,
    TIMEOUT_S,
    Engine,
    has_trained,
    is_running_pid,
    running_engine,
    wait_until,
    wait_until_ended,
    wait_until_over,
)

PROGRAM = """
import time
from core import jobs
jobs.keep_engine()
print("kept", flush=True)
time.sleep(600)
"""


@contextmanager
def program_with_engine(outputs: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that keeps an engine running; it is killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=environment.PROJECT,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": str(outputs)},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "kept\n"
            yield program
        finally:
            program.kill()


def ready_engine() -> psutil.Process:
    """Wait for a ready engine and return its process."""
    wait_until(lambda: engine_state.current_state().ready)
    return psutil.Process(engine_state.last_published().pid)


@pytest.mark.slow
def test_the_engine_ends_with_a_killed_program_and_the_next_engine_resumes_its_run(
    outputs: Path,
) -> None:
    with program_with_engine(outputs) as program:
        pid = wait_until(lambda: engine_state.is_alive() and engine_state.last_published().pid)
        engine_process = psutil.Process(pid)
        run = jobs.submit(RunConfig(split="digits", total_eps=150, num_cycles=3, num=20))
        wait_until(lambda: has_trained(run))
        processes = [engine_process, *engine_process.children(recursive=True)]
        assert len(processes) > 2
        program.kill()
        wait_until_ended(processes)
    assert jobs.state(run).status == "interrupted"
    assert jobs.state(run).in_queue
    with running_engine() as engine:
        assert wait_until_over(run).status == "done"
        engine.release()


@pytest.mark.slow
def test_a_program_restarts_its_killed_engine(outputs: Path) -> None:
    with program_with_engine(outputs) as program:
        first = ready_engine()
        run = jobs.submit(RunConfig(split="digits", total_eps=60, num_cycles=3, num=20))
        wait_until(lambda: has_trained(run))
        first.kill()
        assert wait_until_over(run).status == "done"
        second = psutil.Process(engine_state.last_published().pid)
        assert second.pid != first.pid
        program.terminate()
        wait_until_ended([second])


@pytest.mark.slow
def test_deleted_outputs_cause_one_engine_start_and_are_not_created_again(
    outputs: Path,
) -> None:
    with program_with_engine(outputs) as program:
        first = ready_engine()
        deleted = jobs.submit(LONG_RUN)
        wait_until(lambda: has_trained(deleted))
        shutil.rmtree(outputs)
        run = jobs.submit(SHORT_RUN)
        assert wait_until_over(run, within_s=60).status == "done"
        wait_until_ended([first])
        second = psutil.Process(engine_state.last_published().pid)
        # Longer than the grace period of an engine without users.
        with pytest.raises(AssertionError):
            wait_until(lambda: not is_running_pid(second.pid), within_s=5)
        assert engine_output_file().read_text("utf-8").count(" ready: ") == 1
        assert jobs.runs() == [run]
        program.terminate()
        wait_until_ended([second])


@pytest.mark.slow
def test_a_frozen_engine_is_reported_within_15_seconds_until_it_continues(outputs: Path) -> None:
    with program_with_engine(outputs) as program:
        frozen = ready_engine()
        running = jobs.submit(LONG_RUN)
        wait_until(lambda: has_trained(running))
        frozen.suspend()
        waiting = jobs.submit(SHORT_RUN)
        problem = wait_until(lambda: jobs.state(waiting).problem, within_s=15)
        assert f"job engine (process {frozen.pid}) has not answered since" in problem.sentence
        assert (jobs.state(waiting).status, jobs.state(waiting).is_served) == ("queued", False)
        assert (jobs.state(running).status, jobs.state(running).problem) == ("running", None)
        frozen.resume()
        wait_until(lambda: jobs.state(waiting).problem is None, within_s=15)
        jobs.stop(running)
        assert wait_until_over(waiting).status == "done"
        program.terminate()
        wait_until_ended([frozen])


def test_an_engine_runs_until_its_last_user_is_released(outputs: Path) -> None:
    with running_engine() as engine:
        second_user = engine_users.register_user()
        engine.user.release()
        run = jobs.submit(SHORT_RUN)
        assert wait_until_over(run).status == "done"
        assert engine.process.poll() is None
        second_user.release()
        assert engine.process.wait(timeout=TIMEOUT_S) == 0


def test_a_second_engine_for_an_outputs_folder_exits_with_a_sentence(shared_engine: Engine) -> None:
    second_engine = subprocess.run(
        [sys.executable, "-m", "core", "serve-engine"],
        cwd=environment.PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second_engine.returncode == 1
    assert "already" in second_engine.stderr
    assert "Traceback" not in second_engine.stderr
