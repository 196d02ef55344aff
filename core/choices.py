"""Looking a name up in a registry, with one sentence for a name that is not there."""

from collections.abc import Mapping
from typing import TypeVar

from core.errors import ConfigError

T = TypeVar("T")


def lookup(field: str, name: object, registry: Mapping[str, T]) -> T:
    """The entry called ``name``; raises `ConfigError` that lists the names there are."""
    if isinstance(name, str) and name in registry:
        return registry[name]
    raise ConfigError(f"{field} is {name!r}; choose one of {', '.join(registry)}.")
