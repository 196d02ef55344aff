"""The largest sizes that the files of a run can have, computed from its config."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from core.data.sources import SOURCES
from core.runs.statistics import CUE_IMAGES
from core.schedule.config import RunConfig
from core.support.validation import MAX_EPOCHS, MAX_SEEDS

_SIDE = 28
_EVENTS_PER_CYCLE = 8  # without its epochs: three per stage, recalled images, the cycle's end
_EVENTS_OUTSIDE_CYCLES = 2_100  # of a pre-training, and of a night before its first cycle
_MAX_REPETITIONS = 10  # of a run's epochs, after interruptions
_MAX_INTERRUPTIONS = 10_000  # without a finished epoch

_LINE_BYTES = 65_536
_BYTES_PER_CYCLE = 64  # in the line of `NightStarted`
_BYTES_PER_SEED = 512

# The axes of each event's arrays: a length, or the name of a length that depends on the config.
_AXES: Mapping[str, tuple[int | str, ...]] = {
    "CuesShown": ("cues", _SIDE, _SIDE),
    "Scores": ("seeds", "images"),
    "DreamsMade": ("seeds", "num", _SIDE, _SIDE),
    "ImagesRecalled": ("seeds", "cues", _SIDE, _SIDE),
}

Shape = tuple[range, ...]  # the allowed lengths of each axis


@dataclass(frozen=True)
class Limits:
    """The largest sizes that the log and the arrays of a run can have.

    Attributes
    ----------
    lines : int
        Lines of the log.
    line_bytes : int
        Bytes of one line.
    log_bytes : int
        Bytes of the log.
    seeds : range
        Allowed lengths of an axis over seeds.
    num : range
        Allowed lengths of an axis over the dreams of a stage.
    images : range
        Allowed lengths of an axis over the test images of a measurement.
    """

    lines: int
    line_bytes: int
    log_bytes: int
    seeds: range
    num: range
    images: range

    def shape(self, kind: str, images: int | None) -> Shape:
        """Return the allowed shape of the arrays of an event.

        ``kind`` is the name of its class, ``images`` its number of test images, None if the event
        does not have one.
        """
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
    """Return the limits of a run of ``config``."""
    night_events = _EVENTS_OUTSIDE_CYCLES + config.total_eps + _EVENTS_PER_CYCLE * config.num_cycles
    return _limits(
        night_events,
        config.num_cycles,
        _exactly(len(config.seeds)),
        _exactly(config.num),
        SOURCES[config.data].test_sizes[config.split],
    )


def _limits(night_events: int, cycles: int, seeds: range, num: range, images: int) -> Limits:
    lines = _MAX_INTERRUPTIONS + _MAX_REPETITIONS * night_events
    line_bytes = _LINE_BYTES + _BYTES_PER_CYCLE * cycles + _BYTES_PER_SEED * seeds[-1]
    usual_line_bytes = _BYTES_PER_SEED * (1 + seeds[-1])
    log_bytes = lines * usual_line_bytes + 10 * _MAX_REPETITIONS * line_bytes
    return Limits(lines, line_bytes, log_bytes, seeds, num, range(1, images + 1))


def _exactly(length: int) -> range:
    return range(length, length + 1)


_MAX_IMAGES = max(size for source in SOURCES.values() for size in source.test_sizes.values())
_MAX_NUM = max(size for source in SOURCES.values() for size in source.train_sizes.values())

# Until the config is known, the first line may be as long as that of any night.
UNKNOWN_CONFIG = _limits(
    _EVENTS_OUTSIDE_CYCLES, MAX_EPOCHS, range(1, MAX_SEEDS + 1), range(1, _MAX_NUM + 1), _MAX_IMAGES
)
