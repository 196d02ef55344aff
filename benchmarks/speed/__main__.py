"""``python -m benchmarks.speed [PART ...] [--seeds 1 3 10] [--cycles 2] [--runs 3] [--threads 2]``.

Parts, all by default:
  against   (a) the published night (50 images, batch size 1, ten epochs a cycle, everything
            measured on all test images after each stage) by `benchmarks.baseline_loop` and by the
            program in turn, in this process; and (b) the program's steps and measuring against
            what the machine multiplies at that moment
  growth    (c) time by seeds, cycles, images and test images
  memory    (d) of the idle program, and of a night
  sweep     (e) nights a minute over workers
  start     (f) the program, its engine, a night's first event

Medians; ratios are of neighbours in time, so that what slows the machine slows both.
"""

import argparse
from datetime import datetime

from benchmarks.speed.against import against
from benchmarks.speed.growth import growth
from benchmarks.speed.program import memory_use, start_up, sweep
from core.support.cpu import available_cores


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("parts", metavar="PART", nargs="*")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--cycles", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available_cores())
    asked = parser.parse_args()
    parts = {
        "against": lambda: against(asked.seeds, asked.cycles, asked.runs, asked.threads),
        "growth": lambda: growth(asked.runs, asked.threads),
        "memory": memory_use,
        "sweep": lambda: sweep(asked.runs),
        "start": start_up,
    }
    for name in asked.parts:
        if name not in parts:
            parser.error(f"PART is {name!r}; choose from {', '.join(parts)}.")
    print(
        f"{datetime.now():%Y-%m-%d}, {available_cores()} cores, {asked.threads} threads, "
        f"{asked.cycles} cycles, medians of {asked.runs}"
    )
    for name in asked.parts or parts:
        parts[name]()


if __name__ == "__main__":
    main()
