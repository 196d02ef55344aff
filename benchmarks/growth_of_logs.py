"""``python -m benchmarks.growth_of_logs``: time to read and fold a log against its length.

Compares a night of 100,000 epochs, the allowed maximum, with a night of 20,000, both in 10 cycles
and with one epoch per cycle. A ratio of 5 is linear growth, 25 is quadratic. Medians of 3.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.runs.events import CycleDone, EpochDone, Event, NightStarted, StageStarted, WeightsUsed
from core.runs.limits import limits_of
from core.runs.log import LogReader, RunLog
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram

_EPOCHS = (20_000, 100_000)
_REPETITIONS = 3


class _AnyOrder:
    """The rules of a log with the limits of its config that may lack events."""

    def __init__(self, config: RunConfig) -> None:
        self.limits = limits_of(config)

    def after(self, event: Event) -> "_AnyOrder":
        return self


def main() -> None:
    """Print the median times and their ratio for both numbers of cycles."""
    for name, cycles_of in (("10 cycles", lambda _: 10), ("one epoch per cycle", lambda n: n)):
        folds, reads = zip(*(_times(epochs, cycles_of(epochs)) for epochs in _EPOCHS), strict=True)
        for operation, (short, long) in (("fold", folds), ("read the log", reads)):
            print(
                f"{name}, {operation}: {short:.3f} s for {_EPOCHS[0]:,} epochs, {long:.3f} s for "
                f"{_EPOCHS[1]:,}, ratio {long / short:.1f}"
            )


def _times(epochs: int, cycles: int) -> tuple[float, float]:
    """Return the seconds to fold and to read the log of a night."""
    config = RunConfig(num_cycles=cycles, total_eps=epochs, num=1)
    events = list(_night(config))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with RunLog(folder) as log:
            for event in events:
                log.append(event)
        return (
            _median_time(lambda: fold(RunState(), events)),
            _median_time(lambda: LogReader(folder, _AnyOrder(config)).read()),
        )


def _median_time(operation: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        operation()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _night(config: RunConfig) -> Iterator[Event]:
    """Yield the events of a night without its measures, whose arrays would fill the disk."""
    schedule = hypnogram(config)
    weights = WeightsUsed("cached", "vae.safetensors", "0" * 64)
    yield NightStarted(config.to_dict(), schedule, "old", "new", weights, "cpu", 1, {})
    for number, cycle in enumerate(schedule, start=1):
        for stage, count in cycle.stages:
            yield StageStarted(number, stage.value, count, count)
            for epoch in range(count):
                yield EpochDone(number, stage.value, epoch + 1, (1.0,), (0.9,), (0.1,))
    # Only one end of a cycle, because each waits for the disk.
    yield CycleDone(len(schedule))


if __name__ == "__main__":
    main()
