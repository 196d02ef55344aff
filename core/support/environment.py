"""Where things lie on this machine; each place can be moved by an environment variable."""

import os
import re
from pathlib import Path

import platformdirs

from core.support.errors import ConfigError
from core.support.validation import integer

PROJECT = Path(__file__).resolve().parents[2]
CACHED_WEIGHTS = PROJECT / "cached_weights"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")

_HOST = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*")


def _folder(variable: str, default: Path) -> Path:
    given = os.environ.get(variable, "").strip()
    return Path(given).expanduser() if given else default


def _number(variable: str, default: int, low: int = 1) -> int:
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    number = int(given) if given.isdecimal() and len(given) < 10 else given
    return integer(variable, number, low, 1_000_000)


def max_queued_per_person() -> int:
    """How many runs one person may have waiting or running (``SLEEP_MAX_QUEUED_PER_PERSON``)."""
    return _number("SLEEP_MAX_QUEUED_PER_PERSON", 20)


def max_queued_per_address() -> int:
    """How many runs may come from one network address (``SLEEP_MAX_QUEUED_PER_ADDRESS``).

    The default leaves room for a class of thirty at one address, with two runs each and more, and
    half of all places to everybody else.
    """
    return _number("SLEEP_MAX_QUEUED_PER_ADDRESS", 100)


def max_queued() -> int:
    """How many runs all persons together may have so (``SLEEP_MAX_QUEUED``)."""
    return _number("SLEEP_MAX_QUEUED", 200)


def max_seconds_per_person() -> int:
    """How many seconds of work one visitor may have so (``SLEEP_MAX_SECONDS_PER_PERSON``).

    Counted, as in the next two limits, is the expected duration of whole runs on one core of the
    reference machine. The default is enough for twenty runs of 25 cycles and five seeds each.
    """
    return _number("SLEEP_MAX_SECONDS_PER_PERSON", 3_600)


def max_seconds_per_address() -> int:
    """How many seconds may come from one network address (``SLEEP_MAX_SECONDS_PER_ADDRESS``)."""
    return _number("SLEEP_MAX_SECONDS_PER_ADDRESS", 14_400)


def max_seconds() -> int:
    """How many seconds all visitors together may have so (``SLEEP_MAX_SECONDS``)."""
    return _number("SLEEP_MAX_SECONDS", 28_800)


def trusted_proxy_header() -> str | None:
    """The header in which a trusted proxy names a visitor's network address; None for no proxy.

    Read from ``SLEEP_TRUSTED_PROXY_HEADER``; raises `ConfigError` for what is no header's name.
    """
    given = os.environ.get("SLEEP_TRUSTED_PROXY_HEADER", "").strip()
    if given and not _HEADER.fullmatch(given):
        raise ConfigError(
            f"SLEEP_TRUSTED_PROXY_HEADER is {given!r}; give the name of one HTTP header, such as "
            "X-Forwarded-For."
        )
    return given or None


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


def scheduler_address() -> str | None:
    """The scheduler named by ``DASK_SCHEDULER_ADDRESS``, None for a cluster of our own."""
    return os.environ.get("DASK_SCHEDULER_ADDRESS", "").strip() or None


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
