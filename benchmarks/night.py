"""Cost of one night: ``python -m benchmarks.night [options of python -m core run]``.

Runs the command line several times, each in a process of its own with the night inside it. Prints
the medians of the night's duration, of the whole command's, and of the command's peak memory. The
runs are deleted.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from typing import NamedTuple

from core.support.environment import PROJECT

RUNS = 5


class Cost(NamedTuple):
    """Cost of one command.

    Attributes
    ----------
    night_s : float
        Seconds of the night.
    command_s : float
        Seconds of the whole command.
    peak_mb : float
        Peak memory of the command in MB.
    """

    night_s: float
    command_s: float
    peak_mb: float


def command_cost(options: list[str]) -> Cost:
    """Run the command line once and return its cost.

    Call it in a fresh process, because the system reports peak memory over all child processes.
    """
    command = [sys.executable, "-m", "core", "run", "--local", "--json", "-", *options]
    with tempfile.TemporaryDirectory() as outputs:
        start = time.perf_counter()
        completed = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": outputs},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    units_per_mb = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(json.loads(completed.stdout)["seconds"], seconds, peak / units_per_mb)


def main() -> None:
    options = sys.argv[1:]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        costs = [pool.apply(command_cost, (options,)) for _ in range(RUNS)]
    command = " ".join(["python -m core run --local", *options])
    print(f"{command}, median of {RUNS} (min, max)")
    for name, values in zip(Cost._fields, zip(*costs, strict=True), strict=True):
        median = statistics.median(values)
        print(f"  {name:10} {median:8.1f}   ({min(values):.1f}, {max(values):.1f})")


if __name__ == "__main__":
    main()
