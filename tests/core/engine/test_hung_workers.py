"""Workers that hang, are slow or are killed: which are replaced, and what their run becomes."""

import os
import signal
import time
from pathlib import Path

import pytest

from core import jobs
from core.engine.dispatcher import MAX_WORKER_DEATHS
from core.runs.folder import find_run
from core.schedule.config import RunConfig
from tests.helpers.engines import (
    LONG_RUN,
    SHORT_RUN,
    Engine,
    execute_here,
    has_trained,
    is_running_pid,
    result_bits,
    running_engine,
    wait_until,
    wait_until_over,
    worker_pid,
)


@pytest.mark.slow
def test_a_hung_worker_is_replaced_and_its_run_has_the_same_results(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, one_thread: int
) -> None:
    monkeypatch.setenv("SLEEP_HUNG_AFTER_S", "6")
    config = RunConfig(split="digits", total_eps=60, num_cycles=2, num=20, device="cpu")
    expected = result_bits(execute_here(config))
    with running_engine() as engine:
        engine.wait_until_ready()
        run = jobs.submit(config)
        wait_until(lambda: has_trained(run))
        hung = worker_pid(run)
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        assert wait_until_over(run).status == "done"
        assert not is_running_pid(hung)
        engine.release()
    assert result_bits(find_run(run)) == expected


@pytest.mark.slow
def test_a_slow_worker_is_not_replaced(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_HUNG_AFTER_S", "6")
    with running_engine() as engine:
        engine.wait_until_ready()
        run = jobs.submit(RunConfig(split="digits", total_eps=40, num_cycles=1, device="cpu"))
        slow_worker = wait_until(lambda: worker_pid(run))
        snapshot = jobs.state(run)
        while snapshot.active and len(snapshot.state.losses) < 3:
            for number, seconds in ((signal.SIGSTOP, 0.18), (signal.SIGCONT, 0.02)):
                if is_running_pid(slow_worker):
                    os.kill(slow_worker, number)
                time.sleep(seconds)
            snapshot = jobs.state(run)
        assert is_running_pid(slow_worker)
        jobs.stop(run)
        wait_until_over(run)
        engine.release()


def test_a_run_whose_workers_are_killed_repeatedly_fails_with_a_sentence(
    shared_engine: Engine,
) -> None:
    run = jobs.submit(LONG_RUN)
    killed: set[int | None] = {None}
    for _ in range(MAX_WORKER_DEATHS):
        pid = wait_until(lambda: {worker_pid(run)} - killed).pop()
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
    snapshot = wait_until_over(run)
    assert snapshot.status == "failed"
    assert snapshot.problem is not None
    assert (
        f"{MAX_WORKER_DEATHS} workers were killed during the same cycle"
        in snapshot.problem.sentence
    )
    next_run = jobs.submit(SHORT_RUN)
    assert wait_until_over(next_run).status == "done"
