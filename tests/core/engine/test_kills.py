"""Nights whose worker and whose engine are killed: nothing is lost, doubled or different."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from core import jobs
from core.queue import entries
from core.runs.events import CycleDone, NightDone, NightResumed
from core.runs.folder import all_runs, find_run
from core.runs.log import LOG, RunReader
from core.schedule.config import RunConfig
from tests.conftest import of_kind
from tests.helpers.engines import bits, engine, finished, own_outputs, undisturbed, wait, worker_of

KILLS = 20
# Each a night of some seconds, with dreams of the model as it is now in one of them.
NIGHTS = (
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


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def _asleep(runs: list[str]) -> list[str]:
    return [run for run in runs if worker_of(run) is not None]


def _lines(run: str) -> int:
    return len((find_run(run).path / LOG).read_bytes().splitlines())


def _until_a_random_moment(run: str, rng: random.Random) -> None:
    """Wait until the night of ``run`` has told some more events, and some steps more."""
    moment = _lines(run) + rng.randrange(40)
    wait(lambda: _lines(run) >= moment or not find_run(run).asleep())
    time.sleep(rng.uniform(0.0, 0.3))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_nights_whose_worker_or_engine_is_killed_twenty_times_come_out_the_same() -> None:
    rng = random.Random(2026)
    expected = [bits(undisturbed(config)) for config in NIGHTS]
    runs: list[str] = []
    killed = {"worker": 0, "engine": 0}
    with engine() as started:
        started.ready()
        while sum(killed.values()) < KILLS:
            if not entries.read_all():  # all nights are over before all kills are
                runs.extend(jobs.submit(night, person=str(n)) for n, night in enumerate(NIGHTS))
            asleep = wait(lambda: _asleep(runs) or not entries.read_all())
            if asleep is True:
                continue
            run = rng.choice(asleep)
            _until_a_random_moment(run, rng)
            if killed["engine"] < killed["worker"]:
                started.kill()
                started.start_again()
                started.ready()
                killed["engine"] += 1
            elif (pid := worker_of(run)) is not None:
                os.kill(pid, signal.SIGKILL)
                killed["worker"] += 1
        ends = [finished(run) for run in runs]
        started.leave()
    assert [end.status for end in ends] == ["done"] * len(runs)
    found = [bits(find_run(run)) for run in runs]
    assert found == expected * (len(runs) // len(NIGHTS))
    assert entries.read_all() == []
    assert len(all_runs()) == len(NIGHTS) + len(runs)
    logs = [RunReader(find_run(run).path).read() for run in runs]
    assert [len(of_kind(events, NightDone)) for events in logs] == [1] * len(runs)
    for events in logs:
        cycles = [event.cycle for event in of_kind(events, CycleDone)]
        assert cycles == sorted(set(cycles))  # none is slept twice once it is done
    resumed = sum(len(of_kind(events, NightResumed)) for events in logs)
    assert resumed >= KILLS / 4
    print(f"killed: {killed}; {len(runs)} nights, {resumed} times resumed from a checkpoint")
