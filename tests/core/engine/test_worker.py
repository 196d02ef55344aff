"""A worker's nights: whose gives way to whose, with real processes."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.schedule.config import RunConfig
from tests.helpers.engines import engine, finished, own_outputs, trains, wait, worker_of

LONG = RunConfig(split="digits", total_eps=4_000, num_cycles=4, device="cpu")


def _nicest(run: str) -> int:
    """How much the nicest thread of the run's worker leaves the processor to others."""
    pid = worker_of(run)
    assert pid is not None
    threads = psutil.Process(pid).threads()
    return max(os.getpriority(os.PRIO_PROCESS, thread.id) for thread in threads)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two nights at once need two cores")
def test_of_two_nights_of_one_person_the_second_gives_way_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_outputs(tmp_path / "outputs", monkeypatch)
    with engine() as started:
        started.ready()
        usual = os.getpriority(os.PRIO_PROCESS, started.process.pid)
        for second, gives_way in (("ada", True), ("bob", False), ("ada", True)):
            runs = [jobs.submit(LONG, person=person) for person in ("ada", second)]
            for run in runs:
                wait(lambda run=run: trains(run))
            assert _nicest(runs[0]) == usual
            assert (_nicest(runs[1]) > usual) is gives_way
            for run in runs:
                jobs.stop(run)
            for run in runs:
                assert finished(run).status == "stopped"
