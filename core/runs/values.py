"""Checks of the numbers in an event against the run's config: counts, shares, errors, losses.

Each check raises ValueError for a number that no run can have. The bounds are wide: they protect
the code that shows a run, and do not judge a result.
"""

from collections.abc import Sequence

from core.data.sources import SOURCES
from core.runs.events import (
    DreamsMade,
    EpochDone,
    NightStarted,
    PretrainingAdvanced,
    Scores,
    StageEvaluated,
    StageStarted,
)
from core.runs.measures import MEASURES
from core.schedule.config import RunConfig
from core.support.text import shorten
from core.support.validation import MAX_EPOCHS

_LARGEST_LOSS = 3.5e38  # of a float32
_ROUNDING = 0.01  # of an error: a sum of float32
_SMALLEST = 1e-60  # of a mean of float32 that is not 0: smaller ones overflow what is divided by
_MOST_CLASSES = 20
_MOST_STEPS = 10_000_000_000
MOST_SECONDS = 1e10
_MOST_THREADS = 100_000
_LONGEST_TEXT = 500
_MOST_VERSIONS = 100
_ALMOST = 1e-9  # shares are rounded too


def check_pretraining(event: PretrainingAdvanced) -> None:
    """Check the progress of a pre-training."""
    _whole("epochs", event.epochs, 1, MAX_EPOCHS)
    _whole("epoch", event.epoch, 1, event.epochs)
    _whole("steps", event.steps, 1, _MOST_STEPS)
    _whole("step", event.step, 1, event.steps)
    _number("loss", event.loss, -_LARGEST_LOSS, _LARGEST_LOSS)


def check_night(event: NightStarted, config: RunConfig) -> None:
    """Check the schedule of a night of ``config``, its device, weights and versions."""
    if len(event.cycles) != config.num_cycles:
        raise ValueError(
            f"'cycles' has {len(event.cycles)} cycles, and the run has {config.num_cycles}"
        )
    epochs = 0
    for cycle in event.cycles:
        _number("cycles", cycle.rem_fraction, 0, 1)
        _whole("cycles", min(cycle.nrem_epochs, cycle.rem_epochs), 0, MAX_EPOCHS)
        _whole("cycles", cycle.epochs, 1, config.total_eps)
        epochs += cycle.epochs
    if epochs > config.total_eps:
        raise ValueError(f"'cycles' has {epochs} epochs, and the run has {config.total_eps}")
    weights = event.weights
    names = (event.dataset_1, event.dataset_2, event.device, event.device_note)
    for text in (*names, *vars(weights).values()):
        if not is_text(text):
            raise ValueError(f"a text is longer than {_LONGEST_TEXT} characters")
    _whole("threads", event.threads, 1, _MOST_THREADS)
    check_versions(event.versions)


def is_text(value: object) -> bool:
    """Whether ``value`` can be the name of a dataset, a device, a file or a version."""
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def is_versions(value: object) -> bool:
    """Whether ``value`` maps names of libraries to their versions."""
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_VERSIONS
        and all(is_text(text) for pair in value.items() for text in pair)
    )


def check_versions(versions: dict[str, str]) -> None:
    """Check that ``versions`` maps names of libraries to their versions."""
    if not is_versions(versions):
        raise ValueError("'versions' does not map libraries to versions")


def check_stage(event: StageStarted, epochs: int, config: RunConfig) -> None:
    """Check a stage that has ``epochs`` by the night's schedule."""
    steps = epochs * -(-config.num // config.batch_size)
    if (event.epochs, event.steps) != (epochs, steps):
        raise ValueError(
            f"the stage has {event.epochs} epochs and {event.steps} steps, and the night's "
            f"schedule has {epochs} and {steps}"
        )


def check_epoch(event: EpochDone, seeds: int) -> None:
    """Check the losses of ``seeds`` seeds."""
    for name in ("total", "reconstruction", "kl"):
        _each(name, getattr(event, name), seeds, -_LARGEST_LOSS, _LARGEST_LOSS)


def check_measures(event: StageEvaluated, config: RunConfig) -> None:
    """Check both datasets' measures."""
    most = SOURCES[config.data].test_sizes[config.split]
    for scores in (event.dataset_1, event.dataset_2):
        _check_scores(scores, len(config.seeds), most)


def _check_scores(scores: Scores, seeds: int, most_images: int) -> None:
    _whole("images", scores.images, 1, most_images)
    for measure in MEASURES.values():
        values = measure.values(scores)
        tolerance = 0 if measure.as_percent else _ROUNDING
        _each(measure.key, values, seeds, 0, measure.maximum + tolerance)
        for value in values:
            if 0 < value < _SMALLEST:
                raise ValueError(f"a measure is {value}, smaller than a mean over images can be")


def check_dreams(event: DreamsMade, seeds: int) -> None:
    """Check the dream content of ``seeds`` seeds."""
    for name in ("old", "new", "neither"):
        _each(name, getattr(event, name), seeds, -_ALMOST, 1 + _ALMOST)
    for name in ("old_classes", "new_classes"):
        _each(name, getattr(event, name), seeds, 0, _MOST_CLASSES)


def check_seconds(seconds: float) -> None:
    """Check the duration of a night."""
    _number("seconds", seconds, 0, MOST_SECONDS)


def _each(name: str, found: Sequence[float], seeds: int, low: float, high: float) -> None:
    if len(found) != seeds:
        raise ValueError(f"'{name}' has {len(found)} values, and the run has {seeds} seeds")
    for value in found:
        if not low <= value <= high:
            _number(name, value, low, high)


def _number(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"'{name}' is {value}, not from {low:g} to {high:g}")


def _whole(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"'{name}' is {shorten(str(value), 40)}, not from {low} to {high}")
