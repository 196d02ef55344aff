"""What one night costs: ``python -m benchmarks.night [options of python -m core run]``.

Runs the command line several times in processes of their own, each night in the command's own
process, and prints the median of the night's own seconds, of the whole command's, and of its peak
memory. The runs are not kept.
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
    """Seconds of the night and of the whole command, and the command's peak memory in MB."""

    night_s: float
    command_s: float
    peak_mb: float


def cost_of(options: list[str]) -> Cost:
    """Run the command line once; call it in a fresh process, as peak memory is of all children."""
    command = [sys.executable, "-m", "core", "run", "--local", "--json", "-", *options]
    with tempfile.TemporaryDirectory() as outputs:
        began = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": outputs},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    in_mb = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(json.loads(done.stdout)["seconds"], took, peak / in_mb)


def main() -> None:
    options = sys.argv[1:]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        costs = [pool.apply(cost_of, (options,)) for _ in range(RUNS)]
    command = " ".join(["python -m core run --local", *options])
    print(f"{command}, median of {RUNS} (min, max)")
    for name, values in zip(Cost._fields, zip(*costs, strict=True), strict=True):
        middle = statistics.median(values)
        print(f"  {name:10} {middle:8.1f}   ({min(values):.1f}, {max(values):.1f})")


if __name__ == "__main__":
    main()
