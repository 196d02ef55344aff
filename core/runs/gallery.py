"""The folder of the recorded nights that ship with the program, and their names."""

import re
from pathlib import Path

from core.support import environment
from core.support.errors import ConfigError

# A run's id is not allowed, because the id of a deleted run would lead to a recorded night.
_NAME = re.compile(r"(?!\d{8}-\d{6}-[0-9a-f]{6}$)[a-z0-9][a-z0-9-]{0,60}")


def gallery() -> Path:
    """Return the absolute path of the folder of all recorded nights."""
    return environment.gallery_dir().absolute()


def is_night_name(name: str) -> bool:
    """Return whether a recorded night may have this name; such a name is never a path."""
    return _NAME.fullmatch(name) is not None


def check_night_name(name: str) -> None:
    """Raise `ConfigError` if a recorded night cannot have this name."""
    if not is_night_name(name):
        raise ConfigError(
            f"name is {name!r}; give up to 61 small letters, digits and dashes that do not start "
            "with a dash and are not the id of a run."
        )
