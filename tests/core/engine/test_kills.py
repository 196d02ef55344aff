"""Runs whose worker or engine is killed: no result is lost, repeated or different."""

import os
import random
import signal
import time

import pytest

from core import jobs
from core.queue import entries
from core.runs.events import CycleDone, NightDone, NightResumed
from core.runs.folder import all_runs, find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from tests.conftest import events_of_type
from tests.helpers.engines import (
    execute_here,
    read_events,
    result_bits,
    running_engine,
    wait_until,
    wait_until_over,
    worker_pid,
)

KILLS = 20
# Each takes some seconds; the second has dreams of the current dreamer.
CONFIGS = (
    RunConfig(split="digits", total_eps=32, num_cycles=4, num=25, device="cpu"),
    RunConfig(
        split="digits",
        total_eps=24,
        num_cycles=3,
        num=25,
        seeds=(3, 1),
        end_fraction_rem=0.0,
        continue_training=True,
        device="cpu",
    ),
)


def count_lines(run: str) -> int:
    """Return the number of lines in the log of a run."""
    return len((find_run(run).path / LOG).read_bytes().splitlines())


def wait_for_a_random_moment(run: str, rng: random.Random) -> None:
    """Wait until ``run`` has written a random number of further events, and up to 0.3 s longer."""
    lines = count_lines(run) + rng.randrange(40)
    wait_until(lambda: count_lines(run) >= lines or not find_run(run).is_running())
    time.sleep(rng.uniform(0.0, 0.3))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "outputs")
def test_runs_whose_worker_or_engine_is_killed_twenty_times_have_the_same_results() -> None:
    rng = random.Random(2026)
    expected = [result_bits(execute_here(config)) for config in CONFIGS]
    runs: list[str] = []
    kills = {"worker": 0, "engine": 0}
    with running_engine() as engine:
        engine.wait_until_ready()
        while sum(kills.values()) < KILLS:
            if not entries.read_all():
                runs.extend(
                    jobs.submit(config, person=str(person)) for person, config in enumerate(CONFIGS)
                )
            wait_until(lambda: any(map(worker_pid, runs)) or not entries.read_all())
            running = [run for run in runs if worker_pid(run) is not None]
            if not running:
                continue
            run = rng.choice(running)
            wait_for_a_random_moment(run, rng)
            if kills["engine"] < kills["worker"]:
                engine.kill()
                engine.restart()
                engine.wait_until_ready()
                kills["engine"] += 1
            elif (pid := worker_pid(run)) is not None:
                os.kill(pid, signal.SIGKILL)
                kills["worker"] += 1
        snapshots = [wait_until_over(run) for run in runs]
        engine.release()
    assert [snapshot.status for snapshot in snapshots] == ["done"] * len(runs)
    results = [result_bits(find_run(run)) for run in runs]
    assert results == expected * (len(runs) // len(CONFIGS))
    assert entries.read_all() == []
    assert len(all_runs()) == len(CONFIGS) + len(runs)
    logs = [read_events(run) for run in runs]
    assert [len(events_of_type(events, NightDone)) for events in logs] == [1] * len(runs)
    for events in logs:
        cycles = [event.cycle for event in events_of_type(events, CycleDone)]
        assert cycles == sorted(set(cycles))  # no finished cycle is repeated
    resumed = sum(len(events_of_type(events, NightResumed)) for events in logs)
    assert resumed >= KILLS / 4
    print(f"killed: {kills}; {len(runs)} runs, resumed {resumed} times from a checkpoint")
