"""Where things lie on this machine; each place can be moved by an environment variable."""

import os
from pathlib import Path

import platformdirs

from core.checks import whole

PROJECT = Path(__file__).resolve().parents[1]
CACHED_WEIGHTS = PROJECT / "cached_weights"


def _folder(variable: str, default: Path) -> Path:
    given = os.environ.get(variable, "").strip()
    return Path(given).expanduser() if given else default


def _number(variable: str, default: int) -> int:
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    number = int(given) if given.isdecimal() and len(given) < 10 else given
    return whole(variable, number, 1, 1_000_000)


def max_queued_per_person() -> int:
    """How many runs one person may have waiting or running (``SLEEP_MAX_QUEUED_PER_PERSON``)."""
    return _number("SLEEP_MAX_QUEUED_PER_PERSON", 20)


def max_queued() -> int:
    """How many runs all persons together may have so (``SLEEP_MAX_QUEUED``)."""
    return _number("SLEEP_MAX_QUEUED", 200)


def hung_after_s() -> int:
    """Without a step for how many seconds a night counts as hung (``SLEEP_HUNG_AFTER_S``)."""
    return _number("SLEEP_HUNG_AFTER_S", 120)


def cache_dir() -> Path:
    """Parsed data and weights trained on this machine (``SLEEP_CACHE_DIR``)."""
    return _folder(
        "SLEEP_CACHE_DIR", Path(platformdirs.user_cache_dir("sleep-schedule-explorer", False))
    )


def data_dir() -> Path:
    """The root that holds ``MNIST/raw`` (``SLEEP_DATA_DIR``)."""
    return _folder("SLEEP_DATA_DIR", cache_dir() / "data")


def gallery_dir() -> Path:
    """Recorded nights that ship with the program, wherever outputs go (``SLEEP_GALLERY_DIR``)."""
    return _folder("SLEEP_GALLERY_DIR", PROJECT / "outputs" / "gallery")


def outputs_dir() -> Path:
    """Where nights write their figures and logs (``SLEEP_OUTPUTS_DIR``)."""
    return _folder("SLEEP_OUTPUTS_DIR", PROJECT / "outputs")


def keep_checkpoints_hours() -> int:
    """How long the checkpoints of a done run are kept (``SLEEP_KEEP_CHECKPOINTS_HOURS``)."""
    return _number("SLEEP_KEEP_CHECKPOINTS_HOURS", 24)


def keep_gb() -> int:
    """How many GB all runs together may take before old ones go (``SLEEP_KEEP_GB``)."""
    return _number("SLEEP_KEEP_GB", 5)


def keep_days() -> int:
    """How many days each run is kept in any case (``SLEEP_KEEP_DAYS``)."""
    return _number("SLEEP_KEEP_DAYS", 7)
