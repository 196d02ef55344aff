"""``python -m benchmarks.speed [PART ...] [--seeds 1 3 10] [--cycles 2] [--runs 3] [--threads 2]``.

Parts, all by default:
  against   (a) the published night (50 images, batch size 1, ten epochs per cycle, all test images
            measured after each stage) by `benchmarks.baseline_loop` and by the program in turn,
            in this process; and (b) the program's steps and measuring compared with the rate at
            which the machine multiplies at that moment
  growth    (c) duration by seeds, cycles, images and test images
  memory    (d) memory of the idle program and of a night
  sweep     (e) nights per minute by number of workers
  start     (f) start of the program, of its engine and of a night

All values are medians. Both values of a ratio are measured directly one after the other, so that
a slow moment of the machine affects both.
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
    options = parser.parse_args()
    parts = {
        "against": lambda: against(options.seeds, options.cycles, options.runs, options.threads),
        "growth": lambda: growth(options.runs, options.threads),
        "memory": memory_use,
        "sweep": lambda: sweep(options.runs),
        "start": start_up,
    }
    for name in options.parts:
        if name not in parts:
            parser.error(f"PART is {name!r}; choose from {', '.join(parts)}.")
    print(
        f"{datetime.now():%Y-%m-%d}, {available_cores()} cores, {options.threads} threads, "
        f"{options.cycles} cycles, medians of {options.runs}"
    )
    for name in options.parts or parts:
        parts[name]()


if __name__ == "__main__":
    main()
