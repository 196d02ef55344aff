"""Where the recorded nights lie that ship with the program, and what they may be called."""

import re
from pathlib import Path

from core.support import environment
from core.support.errors import ConfigError

# Never a run's id, or a run that is deleted could come back as another night.
_NAME = re.compile(r"(?!\d{8}-\d{6}-[0-9a-f]{6}$)[a-z0-9][a-z0-9-]{0,60}")


def gallery() -> Path:
    """The folder of all recorded nights; absolute, as that of the runs."""
    return environment.gallery_dir().absolute()


def is_name(name: str) -> bool:
    """Whether a recorded night may have this name, which then is no path."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raise `ConfigError` if ``name`` cannot be a recorded night's."""
    if not is_name(name):
        raise ConfigError(
            f"name is {name!r}; give up to 61 small letters, digits and dashes that do not begin "
            "with a dash and are no run's id."
        )
