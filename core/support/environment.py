"""Settings from environment variables: folders, limits and the page's server.

Each function reads its variable at every call. An unset or blank variable gives the default.
Every limit is a whole number up to 1,000,000; another value raises `ConfigError`. A folder may
start with ``~``.
"""

import os
import re
from pathlib import Path

import platformdirs

from core.support.errors import ConfigError
from core.support.validation import integer

PROJECT = Path(__file__).resolve().parents[2]
CACHED_WEIGHTS = PROJECT / "cached_weights"
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_HOST_NAME = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*")


def _folder(variable: str, default: Path) -> Path:
    text = os.environ.get(variable, "").strip()
    return Path(text).expanduser() if text else default


def _number(variable: str, default: int, low: int = 1) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    number = int(text) if text.isdecimal() and len(text) < 10 else text
    return integer(variable, number, low, 1_000_000)


# --- limits of the queue ---


def max_queued_per_person() -> int:
    """``SLEEP_MAX_QUEUED_PER_PERSON``: queued and running runs per person; default 20."""
    return _number("SLEEP_MAX_QUEUED_PER_PERSON", 20)


def max_queued_per_address() -> int:
    """``SLEEP_MAX_QUEUED_PER_ADDRESS``: queued and running runs per network address; default 100.

    The default allows three runs each in a class of thirty behind one address, and leaves half of
    the queue to other addresses.
    """
    return _number("SLEEP_MAX_QUEUED_PER_ADDRESS", 100)


def max_queued() -> int:
    """``SLEEP_MAX_QUEUED``: queued and running runs of all persons together; default 200."""
    return _number("SLEEP_MAX_QUEUED", 200)


def max_seconds_per_person() -> int:
    """``SLEEP_MAX_SECONDS_PER_PERSON``: expected seconds of one person's runs; default 3,600.

    This limit and the next two count the expected durations of queued and running runs, each
    in full and on one core of the reference machine. The default allows twenty runs of 25 cycles
    and five seeds.
    """
    return _number("SLEEP_MAX_SECONDS_PER_PERSON", 3_600)


def max_seconds_per_address() -> int:
    """``SLEEP_MAX_SECONDS_PER_ADDRESS``: expected seconds per network address; default 14,400."""
    return _number("SLEEP_MAX_SECONDS_PER_ADDRESS", 14_400)


def max_seconds() -> int:
    """``SLEEP_MAX_SECONDS``: expected seconds of all persons' runs together; default 28,800."""
    return _number("SLEEP_MAX_SECONDS", 28_800)


# --- engine ---


def hung_after_s() -> int:
    """``SLEEP_HUNG_AFTER_S``: seconds without a step after which a run counts as hung; 120."""
    return _number("SLEEP_HUNG_AFTER_S", 120)


def scheduler_address() -> str | None:
    """``DASK_SCHEDULER_ADDRESS``: address of an existing Dask scheduler.

    None, the default, means that the engine starts its own cluster.
    """
    return os.environ.get("DASK_SCHEDULER_ADDRESS", "").strip() or None


# --- the page's server ---


def max_connections() -> int:
    """``SLEEP_MAX_CONNECTIONS``: connections of the page's server, from 10; default 500."""
    return _number("SLEEP_MAX_CONNECTIONS", 500, low=10)


def trusted_proxy_header() -> str | None:
    """``SLEEP_TRUSTED_PROXY_HEADER``: HTTP header with the visitor's address from a trusted proxy.

    None, the default, means that no proxy is trusted. Raise `ConfigError` if the value is
    not the name of a header.
    """
    name = os.environ.get("SLEEP_TRUSTED_PROXY_HEADER", "").strip()
    if name and not _HEADER_NAME.fullmatch(name):
        raise ConfigError(
            f"SLEEP_TRUSTED_PROXY_HEADER is {name!r}; give the name of one HTTP header, such as "
            "X-Forwarded-For."
        )
    return name or None


def allowed_hosts() -> tuple[str, ...]:
    """``SLEEP_ALLOWED_HOSTS``: host names of the page's server, separated by commas; default none.

    Return the names in lower case. ``*.name`` matches every name below ``name``, ``*`` matches
    any name. Raise `ConfigError` if a name is not a host name.
    """
    parts = os.environ.get("SLEEP_ALLOWED_HOSTS", "").lower().split(",")
    names = tuple(name.strip().removesuffix(".") for name in parts if name.strip())
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ConfigError(
                f"SLEEP_ALLOWED_HOSTS holds {name!r}; give host names without scheme and port, "
                "separated by commas, such as sleep.example.org or *.example.org, or * for any."
            )
    return names


# --- folders ---


def cache_dir() -> Path:
    """``SLEEP_CACHE_DIR``: parsed images and weights trained on this machine.

    The default is ``sleep-schedule-explorer`` in the user's cache folder.
    """
    return _folder(
        "SLEEP_CACHE_DIR", Path(platformdirs.user_cache_dir("sleep-schedule-explorer", False))
    )


def data_dir() -> Path:
    """``SLEEP_DATA_DIR``: folder that holds ``MNIST/raw``; default ``data`` in `cache_dir`."""
    return _folder("SLEEP_DATA_DIR", cache_dir() / "data")


def gallery_dir() -> Path:
    """``SLEEP_GALLERY_DIR``: recorded runs; default ``outputs/gallery`` in the project.

    The default does not depend on `outputs_dir`, because these runs are part of the program.
    """
    return _folder("SLEEP_GALLERY_DIR", PROJECT / "outputs" / "gallery")


def outputs_dir() -> Path:
    """``SLEEP_OUTPUTS_DIR``: runs, queue and engine files; default ``outputs`` in the project."""
    return _folder("SLEEP_OUTPUTS_DIR", PROJECT / "outputs")


# --- removal of old runs ---


def keep_checkpoints_hours() -> int:
    """``SLEEP_KEEP_CHECKPOINTS_HOURS``: hours to keep the checkpoints of a done run; default 24."""
    return _number("SLEEP_KEEP_CHECKPOINTS_HOURS", 24)


def keep_gb() -> int:
    """``SLEEP_KEEP_GB``: size of all runs together, in GB, above which old ones are removed; 5."""
    return _number("SLEEP_KEEP_GB", 5)


def keep_days() -> int:
    """``SLEEP_KEEP_DAYS``: days during which a run is never removed; default 7."""
    return _number("SLEEP_KEEP_DAYS", 7)
