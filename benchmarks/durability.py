"""Cost of durable writes: ``python -m benchmarks.durability [PAIRS]``.

Runs the default config alternately with and without waits for the disk (``fsync``), each time in
a new process. Prints the number of waits, their share of the run's time and the ratio of the two
run times per pair, as median (min, max).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

from core.support.environment import PROJECT

PAIRS = 5

_RUN = """
import json, os, sys, time
from core.cli.local import create_run
from core.schedule.config import RunConfig
from core.engine.run_execution import execute_run
from core.engine.warm_up import warm_up
from core.runs.events import NightDone
from core.runs.folder import find_run

real, wait_s = os.fsync, []

def fsync(descriptor):
    began = time.perf_counter()
    if sys.argv[1] == "synced":
        real(descriptor)
    wait_s.append(time.perf_counter() - began)

warm_up()
run = create_run(RunConfig(device="cpu"), None)
os.fsync = fsync
began = time.perf_counter()
for event in execute_run(find_run(run)):
    pass
seconds = time.perf_counter() - began
print(json.dumps([seconds, len(wait_s), sum(wait_s)]))
"""


def measure_run(mode: str) -> tuple[float, int, float]:
    """Return a run's seconds, its number of waits for the disk and their seconds.

    ``mode`` is "synced", or anything else to leave the waits out.
    """
    with tempfile.TemporaryDirectory(
        dir=PROJECT / "outputs"
    ) as outputs:  # on a disk, not in memory
        process = subprocess.run(
            [sys.executable, "-c", _RUN, mode],
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": outputs},
            stdout=subprocess.PIPE,
            check=True,
        )
    seconds, waits, wait_s = json.loads(process.stdout)
    return seconds, waits, wait_s


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    ratios, shares, counts = [], [], []
    for _ in range(pairs):
        seconds, waits, wait_s = measure_run("synced")
        ratios.append(seconds / measure_run("not synced")[0])
        shares.append(100 * wait_s / seconds)
        counts.append(waits)
    print(f"the default run, {pairs} pairs, median (min, max)")
    for label, values in (
        ("waits for the disk", counts),
        ("their share of the run's time, %", shares),
        ("run time with waits / without", ratios),
    ):
        median = statistics.median(values)
        print(f"  {label:36} {median:7.3f}   ({min(values):.3f}, {max(values):.3f})")


if __name__ == "__main__":
    main()
