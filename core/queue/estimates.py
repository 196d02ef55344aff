"""Expected durations: seconds per run on a reference machine, and how much slower this one is."""

import functools
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from core.data.sources import SOURCES
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram

SECONDS_PER_STEP = 0.0010
"""Seconds for one gradient step at batch size 1, on one idle core of the reference machine."""

SECONDS_PER_IMAGE = 0.00035
"""Seconds to measure one test image on the same core: reconstruct, recall, and read the digit."""

_NEWEST_WEIGHT = 0.3  # of the newest night in the moving average
_CACHED_CONFIGS = 1024


@dataclass(frozen=True)
class Slowdown:
    """Factor by which nights take longer here than on the reference machine; 1 is as fast."""

    factor: float = 1.0

    def seconds(self, config: RunConfig) -> float:
        """Return the expected duration in seconds of a run of ``config``, without pre-training."""
        return self.factor * reference_seconds(config)

    def updated(self, config: RunConfig, seconds: float) -> Self:
        """Return the factor updated with a run of ``config`` that took ``seconds``.

        The update is an exponential moving average.
        """
        measured = seconds / reference_seconds(config)
        return replace(self, factor=self.factor + _NEWEST_WEIGHT * (measured - self.factor))


@functools.lru_cache(_CACHED_CONFIGS)
def reference_seconds(config: RunConfig) -> float:
    """Return the duration of a run in seconds on one idle core of the reference machine.

    It counts gradient steps and measured test images, without pre-training. The result is cached,
    because each of up to 100,000 cycles costs some microseconds.
    """
    epochs = dose(config)
    stages = sum(len(cycle.stages) for cycle in hypnogram(config))
    test_images = SOURCES[config.data].test_sizes[config.split]
    subset = test_images if config.full_evaluation else min(test_images, 2 * EVALUATION_SUBSET)
    # Before the night all seeds share one measurement; the last stage measures all test images.
    images = test_images / len(config.seeds) + (test_images + (stages - 1) * subset)
    steps = epochs.nrem_steps + epochs.rem_steps
    return len(config.seeds) * (steps * SECONDS_PER_STEP + images * SECONDS_PER_IMAGE)


def start_times(running: Sequence[float], waiting: Sequence[float], workers: int) -> list[float]:
    """Simulate the queue and return when each waiting run starts.

    Parameters
    ----------
    running : sequence of float
        Remaining seconds of each run that a worker runs now.
    waiting : sequence of float
        Expected seconds of each waiting run, in the order in which the runs start.
    workers : int
        Number of workers.

    Returns
    -------
    list of float
        Seconds from now until each run of ``waiting`` starts; [] if there are no workers.
    """
    if workers < 1:
        return []
    free_at = sorted([*running, *[0.0] * max(workers - len(running), 0)])
    heapq.heapify(free_at)
    starts = []
    for seconds in waiting:
        start = heapq.heappop(free_at)
        starts.append(start)
        heapq.heappush(free_at, start + seconds)
    return starts
