"""What it costs that a power cut loses nothing: ``python -m benchmarks.durability [PAIRS]``.

The default night, with waits for the disk (``fsync``) and without, in turn, each in a process of
its own. Prints the waits of a night, their share of its time, and the ratio of both nights' times
pair by pair, as median (min, max).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

from core.support.environment import PROJECT

PAIRS = 5

_NIGHT = """
import json, os, sys, time
from core.cli.local import create_run
from core.schedule.config import RunConfig
from core.engine.run_execution import execute_run
from core.engine.warm_up import warm_up
from core.runs.events import NightDone
from core.runs.folder import find_run

real, waited = os.fsync, []

def fsync(descriptor):
    began = time.perf_counter()
    if sys.argv[1] == "synced":
        real(descriptor)
    waited.append(time.perf_counter() - began)

warm_up()
run = create_run(RunConfig(device="cpu"), None)
os.fsync = fsync
began = time.perf_counter()
for event in execute_run(find_run(run)):
    pass
seconds = time.perf_counter() - began
print(json.dumps([seconds, len(waited), sum(waited)]))
"""


def night(kind: str) -> tuple[float, int, float]:
    """Seconds of a night, its waits for the disk, and their seconds; ``kind``: "synced" or not."""
    with tempfile.TemporaryDirectory(dir=PROJECT / "outputs") as outputs:  # a disk, not memory
        done = subprocess.run(
            [sys.executable, "-c", _NIGHT, kind],
            cwd=PROJECT,
            env={**os.environ, "SLEEP_OUTPUTS_DIR": outputs},
            stdout=subprocess.PIPE,
            check=True,
        )
    seconds, waits, waited = json.loads(done.stdout)
    return seconds, waits, waited


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    ratios, shares, counts = [], [], []
    for _ in range(pairs):
        seconds, waits, waited = night("synced")
        ratios.append(seconds / night("left out")[0])
        shares.append(100 * waited / seconds)
        counts.append(waits)
    print(f"the default night, {pairs} pairs, median (min, max)")
    for what, values in (
        ("waits for the disk", counts),
        ("their share of the night's time, %", shares),
        ("with them / without", ratios),
    ):
        print(
            f"  {what:36} {statistics.median(values):7.3f}   ({min(values):.3f}, {max(values):.3f})"
        )


if __name__ == "__main__":
    main()
