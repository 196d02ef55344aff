"""Checks of single values, each with one sentence that names the field, the value and the fix."""

import math
import operator
from collections.abc import Iterable, Mapping
from typing import TypeVar

from core.support.errors import ConfigError

LARGEST_SEED = 2**32 - 1
MAX_BATCH = 60_000
MAX_EPOCHS = 100_000
MAX_LATENT_DIM = 512
MAX_SEEDS = 100

T = TypeVar("T")


def integer(name: str, value: object, low: int, high: int, why: str = "") -> int:
    """``value`` as an int from ``low`` to ``high``; ``why`` explains the upper bound."""
    fix = f"give a whole number from {low} to {high}" + (f" ({why})" if why else "")
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ConfigError(f"{name} is {value!r}; {fix}.") from None
    if not low <= number <= high:
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def fraction(name: str, value: object) -> float:
    """``value`` as a float from 0 to 1."""
    fix = "give a number from 0 to 1"
    number = _real(name, value, fix)
    if not 0 <= number <= 1:  # NaN fails this too
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def positive_number(name: str, value: object) -> float:
    """``value`` as a finite float above 0."""
    fix = "give a number above 0, such as 0.001"
    number = _real(name, value, fix)
    if not (number > 0 and math.isfinite(number)):
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def boolean(name: str, value: object) -> bool:
    """``value``, which must be True or False itself."""
    if value is not True and value is not False:
        raise ConfigError(f"{name} is {value!r}; give True or False.")
    return value


def distinct_seeds(name: str, value: object) -> tuple[int, ...]:
    """``value`` as a tuple of at least one seed, each there once."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigError(f"{name} is {value!r}; give a list of whole numbers such as 0 1 2.")
    seeds = tuple(integer(name, seed, 0, LARGEST_SEED) for seed in value)
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise ConfigError(
            f"{name} holds {len(seeds)} numbers; give at least one and at most {MAX_SEEDS}."
        )
    repeated = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if repeated:
        raise ConfigError(f"{name} holds {repeated[0]} more than once; give each seed once.")
    return seeds


def lookup(field: str, name: object, registry: Mapping[str, T]) -> T:
    """The entry called ``name``; raises `ConfigError` that lists the names there are."""
    if isinstance(name, str) and name in registry:
        return registry[name]
    raise ConfigError(f"{field} is {name!r}; choose one of {', '.join(registry)}.")


def _real(name: str, value: object, fix: str) -> float:
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{name} is {value!r}; {fix}.") from None
