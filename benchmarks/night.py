"""What one night costs: ``python -m benchmarks.night [options of python -m core run]``.

Runs the command line several times in processes of their own and prints the median of the night's
own seconds, of the whole command's, and of its peak memory.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from multiprocessing import get_context
from typing import NamedTuple

from core.settings import PROJECT

RUNS = 5


class Cost(NamedTuple):
    """Seconds of the night and of the whole command, and the command's peak memory in MB."""

    night_s: float
    command_s: float
    peak_mb: float


def cost_of(options: list[str]) -> Cost:
    """Run the command line once; call it in a fresh process, as peak memory is of all children."""
    command = [sys.executable, "-m", "core", "run", "--json", "-", *options]
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    in_mb = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(json.loads(done.stdout)["seconds"], took, peak / in_mb)


def main() -> None:
    options = sys.argv[1:]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        costs = [pool.apply(cost_of, (options,)) for _ in range(RUNS)]
    print(f"python -m core run {' '.join(options)}".rstrip() + f", median of {RUNS} (min, max)")
    for name, values in zip(Cost._fields, zip(*costs, strict=True), strict=True):
        middle = statistics.median(values)
        print(f"  {name:10} {middle:8.1f}   ({min(values):.1f}, {max(values):.1f})")


if __name__ == "__main__":
    main()
