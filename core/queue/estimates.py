"""How long nights take on this machine: a count of work, and a pace learned from nights done."""

import functools
import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.sources import SOURCES
from core.runs.statistics import EVALUATION_SUBSET
from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram

_STEP_S = 0.0010  # a gradient step at batch size 1 on one quiet core
_IMAGE_S = 0.00035  # measuring one test image: redrawn from all of it, from a part, and named
_MEMORY = 0.3  # weight of the newest night
_KNOWN = 1024  # configs whose work is cached


@dataclass(frozen=True)
class Speed:
    """How much slower than our reference machine nights are here: 1 is as fast."""

    factor: float = 1.0

    def seconds(self, config: RunConfig) -> float:
        """How long a night of ``config`` should take, without pre-training."""
        return self.factor * reference_seconds(config)

    def after(self, config: RunConfig, seconds: float) -> "Speed":
        """The pace, having seen a night of ``config`` take ``seconds``."""
        seen = seconds / reference_seconds(config)
        return Speed(self.factor + _MEMORY * (seen - self.factor))


@functools.lru_cache(_KNOWN)
def reference_seconds(config: RunConfig) -> float:
    """The seconds of a night on one quiet core of the machine that the constants are from.

    The result is cached because each of 100,000 cycles costs some microseconds.
    """
    done = dose(config)
    stages = sum(len(cycle.stages) for cycle in hypnogram(config))
    test = SOURCES[config.data].test_sizes[config.split]
    between = test if config.full_evaluation else min(test, 2 * EVALUATION_SUBSET)
    measured = test / len(config.seeds) + (test + (stages - 1) * between)
    steps = done.nrem_steps + done.rem_steps
    return len(config.seeds) * (steps * _STEP_S + measured * _IMAGE_S)


def start_times(running: Sequence[float], waiting: Sequence[float], workers: int) -> list[float]:
    """In how many seconds each of ``waiting`` starts, in their order.

    ``running`` holds the seconds that the nights under way still take, ``waiting`` the seconds
    that each waiting one will. Nothing starts without ``workers``: [] then.
    """
    if workers < 1:
        return []
    free = sorted([*running, *[0.0] * max(workers - len(running), 0)])
    heapq.heapify(free)
    starts = []
    for seconds in waiting:
        start = heapq.heappop(free)
        starts.append(start)
        heapq.heappush(free, start + seconds)
    return starts
