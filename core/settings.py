"""Where things lie on this machine; each place can be moved by an environment variable."""

import os
import re
from pathlib import Path

import platformdirs

from core.checks import whole
from core.errors import ConfigError

PROJECT = Path(__file__).resolve().parents[1]
CACHED_WEIGHTS = PROJECT / "cached_weights"

_HOST = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*")


def _folder(variable: str, default: Path) -> Path:
    given = os.environ.get(variable, "").strip()
    return Path(given).expanduser() if given else default


def _number(variable: str, default: int, low: int = 1) -> int:
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    number = int(given) if given.isdecimal() and len(given) < 10 else given
    return whole(variable, number, low, 1_000_000)


def max_queued_per_person() -> int:
    """How many runs one person may have waiting or running (``SLEEP_MAX_QUEUED_PER_PERSON``)."""
    return _number("SLEEP_MAX_QUEUED_PER_PERSON", 20)


def max_queued() -> int:
    """How many runs all persons together may have so (``SLEEP_MAX_QUEUED``)."""
    return _number("SLEEP_MAX_QUEUED", 200)


def hung_after_s() -> int:
    """Without a step for how many seconds a night counts as hung (``SLEEP_HUNG_AFTER_S``)."""
    return _number("SLEEP_HUNG_AFTER_S", 120)


def max_connections() -> int:
    """How many connections the page's server accepts at a time (``SLEEP_MAX_CONNECTIONS``)."""
    return _number("SLEEP_MAX_CONNECTIONS", 500, low=10)


def allowed_hosts() -> tuple[str, ...]:
    """Host names that the page's server answers to (``SLEEP_ALLOWED_HOSTS``, with commas).

    In lower case; ``*.name`` stands for all names below one, ``*`` for any. Raises ConfigError for
    what is no host name.
    """
    given = os.environ.get("SLEEP_ALLOWED_HOSTS", "").lower().split(",")
    names = tuple(name.strip().removesuffix(".") for name in given if name.strip())
    for name in names:
        if not _HOST.fullmatch(name):
            raise ConfigError(
                f"SLEEP_ALLOWED_HOSTS holds {name!r}; give host names without scheme and port, "
                "separated by commas, such as sleep.example.org or *.example.org, or * for any."
            )
    return names


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
