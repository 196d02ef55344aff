"""The largest sizes that the files of a run can have, computed from its config."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from core.data.sources import SOURCES
from core.runs.statistics import CUE_IMAGES
from core.schedule.config import RunConfig
from core.support.validation import MAX_EPOCHS, MAX_SEEDS

_SIDE = 28
_PER_CYCLE = 8  # events besides its epochs: three per stage, recalled images, the cycle's end
_OUTSIDE_CYCLES = 2_100  # events of a pre-training, and of a night before its first cycle
_NIGHTS = 10  # how many times a run's epochs may be trained, because of interruptions
_INTERRUPTED = 10_000  # interruptions without a finished epoch

_LINE_BYTES = 65_536
_BYTES_PER_CYCLE = 64  # in the line of `NightStarted`
_BYTES_PER_SEED = 512

# The axes of each event's arrays: a length, or the name of one that depends on the config.
_AXES: Mapping[str, tuple[int | str, ...]] = {
    "CuesShown": ("cues", _SIDE, _SIDE),
    "Scores": ("seeds", "images"),
    "DreamsMade": ("seeds", "num", _SIDE, _SIDE),
    "ImagesRecalled": ("seeds", "cues", _SIDE, _SIDE),
}

Shape = tuple[range, ...]  # the lengths that each axis may have


@dataclass(frozen=True)
class Limits:
    """The most of each that a run may have: lines, bytes of one and of all, values on an axis.

    ``images`` counts the test images of a measure.
    """

    lines: int
    line_bytes: int
    log_bytes: int
    seeds: range
    num: range
    images: range

    def shape(self, kind: str, images: int | None) -> Shape:
        """What shape the arrays of ``kind`` may have; ``images`` as its own field says."""
        lengths = {
            "cues": range(1, CUE_IMAGES + 1),
            "seeds": self.seeds,
            "num": self.num,
            "images": self.images if images is None else _exactly(images),
        }
        return tuple(
            lengths[axis] if isinstance(axis, str) else _exactly(axis) for axis in _AXES[kind]
        )


@functools.lru_cache(maxsize=64)
def limits_of(config: RunConfig) -> Limits:
    """The limits of a run of ``config``."""
    seeds = len(config.seeds)
    night = _OUTSIDE_CYCLES + config.total_eps + _PER_CYCLE * config.num_cycles
    return _limits(
        night,
        config.num_cycles,
        _exactly(seeds),
        _exactly(config.num),
        SOURCES[config.data].test_sizes[config.split],
    )


def _limits(night: int, cycles: int, seeds: range, num: range, images: int) -> Limits:
    lines = _INTERRUPTED + _NIGHTS * night
    line_bytes = _LINE_BYTES + _BYTES_PER_CYCLE * cycles + _BYTES_PER_SEED * seeds[-1]
    usual = _BYTES_PER_SEED * (1 + seeds[-1])
    log_bytes = lines * usual + 10 * _NIGHTS * line_bytes
    return Limits(lines, line_bytes, log_bytes, seeds, num, range(1, images + 1))


def _exactly(length: int) -> range:
    return range(length, length + 1)


_MOST_IMAGES = max(size for source in SOURCES.values() for size in source.test_sizes.values())
_MOST_NUM = max(size for source in SOURCES.values() for size in source.train_sizes.values())

# Until the config is known, the first line may be as long as that of any night.
UNKNOWN = _limits(
    _OUTSIDE_CYCLES, MAX_EPOCHS, range(1, MAX_SEEDS + 1), range(1, _MOST_NUM + 1), _MOST_IMAGES
)
