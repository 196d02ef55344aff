"""`core.engine.worker`: the CPU priority of runs that share the machine, with real processes."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from core import jobs
from tests.helpers.engines import (
    LONG_RUN,
    has_trained,
    running_engine,
    wait_until,
    wait_until_over,
    worker_pid,
)


def highest_nice_value(run: str) -> int:
    """Return the highest nice value of the threads of a run's worker (low CPU priority)."""
    pid = worker_pid(run)
    assert pid is not None
    threads = psutil.Process(pid).threads()
    return max(os.getpriority(os.PRIO_PROCESS, thread.id) for thread in threads)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no own priority on this system")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two runs at once need two cores")
def test_the_second_of_two_runs_has_a_lower_priority_only_if_both_are_of_one_person(
    outputs: Path,
) -> None:
    with running_engine() as engine:
        engine.wait_until_ready()
        usual = os.getpriority(os.PRIO_PROCESS, engine.process.pid)
        for second, is_lower in (("ada", True), ("bob", False), ("ada", True)):
            runs = [jobs.submit(LONG_RUN, person=person) for person in ("ada", second)]
            for run in runs:
                wait_until(lambda run=run: has_trained(run))
            assert highest_nice_value(runs[0]) == usual
            assert (highest_nice_value(runs[1]) > usual) is is_lower
            for run in runs:
                jobs.stop(run)
            for run in runs:
                assert wait_until_over(run).status == "stopped"
