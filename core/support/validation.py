"""Validation of single values.

Each function returns the validated value or raises `ConfigError`, whose sentence names the setting,
its value and the accepted values.
"""

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
    """Validate a whole number.

    Parameters
    ----------
    name : str
        Name of the setting, for the error message.
    value : object
        Value to validate; any type with ``__index__`` except bool.
    low, high : int
        Smallest and largest accepted value.
    why : str, default ""
        Reason for the upper bound, for the error message; none if empty.

    Returns
    -------
    int
        The value as a Python int.

    Raises
    ------
    ConfigError
        If ``value`` is not a whole number or out of bounds.
    """
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
    """Validate a number from 0 to 1 and return it as a float; raise `ConfigError` otherwise."""
    fix = "give a number from 0 to 1"
    number = _real(name, value, fix)
    if not 0 <= number <= 1:  # False for NaN too
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def positive_number(name: str, value: object) -> float:
    """Validate a finite number above 0, return it as a float; raise `ConfigError` otherwise."""
    fix = "give a number above 0, such as 0.001"
    number = _real(name, value, fix)
    if not (number > 0 and math.isfinite(number)):
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def boolean(name: str, value: object) -> bool:
    """Validate a bool (not 0, 1 or another type); raise `ConfigError` otherwise."""
    if value is not True and value is not False:
        raise ConfigError(f"{name} is {value!r}; give True or False.")
    return value


def distinct_seeds(name: str, value: object) -> tuple[int, ...]:
    """Validate 1 to `MAX_SEEDS` different seeds, 0 to `LARGEST_SEED`; return them as a tuple.

    Raise `ConfigError` if ``value`` is not an iterable of such seeds.
    """
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
    """Return the entry of a registry.

    Parameters
    ----------
    field : str
        Name of the setting, for the error message.
    name : object
        Name of the entry.
    registry : Mapping of str to T
        All entries by name.

    Returns
    -------
    T
        The entry ``name``.

    Raises
    ------
    ConfigError
        If ``name`` is not in the registry; the sentence lists all names.
    """
    if isinstance(name, str) and name in registry:
        return registry[name]
    raise ConfigError(f"{field} is {name!r}; choose one of {', '.join(registry)}.")


def _real(name: str, value: object, fix: str) -> float:
    """Return ``value`` as a float; raise `ConfigError` for text, a bool and non-numbers."""
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{name} is {value!r}; {fix}.") from None
