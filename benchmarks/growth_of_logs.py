"""``python -m benchmarks.growth_of_logs``: how the time to read and fold a log grows with it.

A night of 100,000 epochs, the most there may be, against one of 20,000, in few cycles and in as
many cycles as epochs. A ratio of 5 is linear; 25 would be quadratic. Medians of three.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.runs.events import CycleDone, EpochDone, Event, NightStarted, StageStarted, WeightsUsed
from core.runs.log import RunLog, RunReader
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram

_EPOCHS = (20_000, 100_000)
_RUNS = 3


def main() -> None:
    for name, cycles_of in (("10 cycles", lambda _: 10), ("one epoch per cycle", lambda n: n)):
        folds, reads = zip(*(_times(epochs, cycles_of(epochs)) for epochs in _EPOCHS), strict=True)
        for what, (few, many) in (("fold", folds), ("read the log", reads)):
            print(
                f"{name}, {what}: {few:.3f} s for {_EPOCHS[0]:,} epochs, {many:.3f} s for "
                f"{_EPOCHS[1]:,}, ratio {many / few:.1f}"
            )


def _times(epochs: int, cycles: int) -> tuple[float, float]:
    events = list(_night(epochs, cycles))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with RunLog(folder) as log:
            for event in events:
                log.append(event)
        return (
            _median(lambda: fold(RunState(), events)),
            _median(lambda: RunReader(folder).read()),
        )


def _median(work: Callable[[], object]) -> float:
    found = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _night(epochs: int, cycles: int) -> Iterator[Event]:
    """The events of a night without its measures, whose arrays would fill the disk."""
    config = RunConfig(num_cycles=cycles, total_eps=epochs, num=1)
    night = hypnogram(config)
    shares = night
    used = WeightsUsed("cached", "vae.safetensors", "0" * 64)
    yield NightStarted(config.to_dict(), shares, "old", "new", used, "cpu", 1, {})
    for number, cycle in enumerate(night, start=1):
        for stage, count in cycle.stages:
            yield StageStarted(number, stage.value, count, count)
            for epoch in range(count):
                yield EpochDone(number, stage.value, epoch + 1, (1.0,), (0.9,), (0.1,))
    # The end of one cycle only: each waits for the disk.
    yield CycleDone(len(night))


if __name__ == "__main__":
    main()
