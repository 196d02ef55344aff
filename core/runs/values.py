"""Check the values of an event against the run's config: counts, shares, errors, losses.

Each check raises ValueError for a value that no run can have. The bounds are wide: they protect
the code that shows a run and do not judge a result.
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

_MAX_LOSS = 3.5e38  # the largest float32
_ERROR_TOLERANCE = 0.01  # rounding of an error, which is a sum of float32
_MIN_POSITIVE = 1e-60  # a positive mean of float32 is larger; dividing by less overflows
_MAX_CLASSES = 20
_MAX_STEPS = 10_000_000_000
MAX_NIGHT_SECONDS = 1e10
_MAX_THREADS = 100_000
_MAX_TEXT = 500  # characters
_MAX_VERSIONS = 100
_SHARE_TOLERANCE = 1e-9  # rounding of a share


def check_pretraining(event: PretrainingAdvanced) -> None:
    """Check the progress of a pre-training."""
    _check_int("epochs", event.epochs, 1, MAX_EPOCHS)
    _check_int("epoch", event.epoch, 1, event.epochs)
    _check_int("steps", event.steps, 1, _MAX_STEPS)
    _check_int("step", event.step, 1, event.steps)
    _check_number("loss", event.loss, -_MAX_LOSS, _MAX_LOSS)


def check_night(event: NightStarted, config: RunConfig) -> None:
    """Check the schedule, device, weights and versions of a night against its ``config``."""
    if len(event.cycles) != config.num_cycles:
        raise ValueError(
            f"'cycles' has {len(event.cycles)} cycles, and the run has {config.num_cycles}"
        )
    epochs = 0
    for cycle in event.cycles:
        _check_number("cycles", cycle.rem_fraction, 0, 1)
        _check_int("cycles", min(cycle.nrem_epochs, cycle.rem_epochs), 0, MAX_EPOCHS)
        _check_int("cycles", cycle.epochs, 1, config.total_eps)
        epochs += cycle.epochs
    if epochs > config.total_eps:
        raise ValueError(f"'cycles' has {epochs} epochs, and the run has {config.total_eps}")
    weights = event.weights
    names = (event.dataset_1, event.dataset_2, event.device, event.device_note)
    for text in (*names, *vars(weights).values()):
        if not is_text(text):
            raise ValueError(f"a name is longer than {_MAX_TEXT} characters")
    _check_int("threads", event.threads, 1, _MAX_THREADS)
    check_versions(event.versions)


def is_text(value: object) -> bool:
    """Return whether ``value`` can name a dataset, a device, a file or a version."""
    return isinstance(value, str) and len(value) <= _MAX_TEXT


def is_version_table(value: object) -> bool:
    """Return whether ``value`` maps names of libraries to their versions."""
    return (
        isinstance(value, dict)
        and len(value) <= _MAX_VERSIONS
        and all(is_text(text) for pair in value.items() for text in pair)
    )


def check_versions(versions: dict[str, str]) -> None:
    """Raise ValueError unless ``versions`` maps names of libraries to their versions."""
    if not is_version_table(versions):
        raise ValueError("'versions' does not map libraries to versions")


def check_stage(event: StageStarted, epochs: int, config: RunConfig) -> None:
    """Check the length of a stage.

    Parameters
    ----------
    event : StageStarted
        The event to check.
    epochs : int
        Epochs of the stage in the schedule.
    config : RunConfig
        The run's config.

    Raises
    ------
    ValueError
        If the event has other epochs or gradient steps than the schedule.
    """
    steps = epochs * -(-config.num // config.batch_size)
    if (event.epochs, event.steps) != (epochs, steps):
        raise ValueError(
            f"the stage has {event.epochs} epochs and {event.steps} steps, and the night's "
            f"schedule has {epochs} and {steps}"
        )


def check_epoch(event: EpochDone, seeds: int) -> None:
    """Check the losses of an epoch, one value per seed."""
    for name in ("total", "reconstruction", "kl"):
        _check_per_seed(name, getattr(event, name), seeds, -_MAX_LOSS, _MAX_LOSS)


def check_measures(event: StageEvaluated, config: RunConfig) -> None:
    """Check the measures of both datasets, one value per seed."""
    max_images = SOURCES[config.data].test_sizes[config.split]
    for scores in (event.dataset_1, event.dataset_2):
        _check_scores(scores, len(config.seeds), max_images)


def _check_scores(scores: Scores, seeds: int, max_images: int) -> None:
    _check_int("images", scores.images, 1, max_images)
    for measure in MEASURES.values():
        values = measure.values(scores)
        tolerance = 0 if measure.as_percent else _ERROR_TOLERANCE
        _check_per_seed(measure.key, values, seeds, 0, measure.maximum + tolerance)
        for value in values:
            if 0 < value < _MIN_POSITIVE:
                raise ValueError(f"a measure is {value}, smaller than a mean over images can be")


def check_dreams(event: DreamsMade, seeds: int) -> None:
    """Check the dream content, one value per seed."""
    for name in ("old", "new", "neither"):
        _check_per_seed(name, getattr(event, name), seeds, -_SHARE_TOLERANCE, 1 + _SHARE_TOLERANCE)
    for name in ("old_classes", "new_classes"):
        _check_per_seed(name, getattr(event, name), seeds, 0, _MAX_CLASSES)


def check_seconds(seconds: float) -> None:
    """Check the duration of a night, in seconds."""
    _check_number("seconds", seconds, 0, MAX_NIGHT_SECONDS)


def _check_per_seed(
    name: str, values: Sequence[float], seeds: int, low: float, high: float
) -> None:
    if len(values) != seeds:
        raise ValueError(f"'{name}' has {len(values)} values, and the run has {seeds} seeds")
    for value in values:
        _check_number(name, value, low, high)


def _check_number(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"'{name}' is {value}, not from {low:g} to {high:g}")


def _check_int(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"'{name}' is {shorten(str(value), 40)}, not from {low} to {high}")
