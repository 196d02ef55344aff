"""From events to plain records and back, each field checked against its type."""

import functools
import math
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from core.runs.arrays import Member, StoredArray
from core.runs.events import Event
from core.runs.limits import UNKNOWN, Limits
from core.support.text import shorten

_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


def encode(event: Event) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """``event`` as JSON values, and its arrays by name."""
    arrays: dict[str, NDArray[Any]] = {}
    return {"kind": type(event).__name__, **_encode(event, "", arrays)}, arrays


def decode(record: dict[str, Any], arrays: Path | None, limits: Limits = UNKNOWN) -> Event:
    """The event that ``record`` describes, its arrays left in the file ``arrays``, if it has any.

    ``limits`` decide the shapes that they may have. Raises ValueError that names the field for
    anything that is not an event.
    """
    name = record.pop("kind", None)
    if not isinstance(name, str) or name not in _KINDS:
        odd = shorten(repr(name), 60)
        raise ValueError(f"an event of unknown kind {odd}; a newer version may have written it")
    members: dict[str, Member] = {}
    try:
        event: Event = _build(_KINDS[name], record, "", _Arrays(arrays, limits, members))
        if (arrays is None) == bool(members):
            raise ValueError("it does not name its arrays" if members else "it has no arrays")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"a damaged {name} event: {error}") from None
    return event


def _encode(value: Any, prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if isinstance(item, np.ndarray):
            arrays[prefix + field.name] = item
        elif is_dataclass(item):
            record[field.name] = _encode(item, f"{prefix}{field.name}.", arrays)
        else:
            record[field.name] = item
    return record


class _Arrays(NamedTuple):
    """Where an event's arrays are stored; ``members`` grows with each that it has."""

    file: Path | None
    limits: Limits
    members: dict[str, Member]

    def stored(self, kind: type, key: str, hint: Any, images: int | None) -> StoredArray:
        (dtype,) = get_args(get_args(hint)[1])
        shape = self.limits.shape(kind.__name__, images)
        self.members[key] = Member(np.dtype(dtype), shape)
        return StoredArray(self.file or Path(), key, self.members)


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any, bool, bool, bool], ...]:
    """For each field of ``kind``: name, type, whether it is an array, a dataclass, has a default.

    Looked up once, for a log may have a hundred thousand events.
    """
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            get_origin(hints[field.name]) is np.ndarray,
            is_dataclass(hints[field.name]),
            field.default is not MISSING,
        )
        for field in fields(kind)
    )


def _build(kind: Any, record: dict[str, Any], prefix: str, arrays: _Arrays) -> Any:
    """An instance of the dataclass ``kind``; arrays become `StoredArray`."""
    values: dict[str, Any] = {}
    for name, hint, is_array, is_nested, has_default in _fields(kind):
        if has_default and name not in record:
            continue  # an earlier version did not write this field
        if is_array:
            values[name] = arrays.stored(kind, prefix + name, hint, values.get("images"))
        elif is_nested:
            values[name] = _build(hint, _take(record, name, dict), f"{prefix}{name}.", arrays)
        else:
            values[name] = _plain(_take(record, name, object), hint, name)
    if record:
        raise ValueError(f"unknown field {shorten(repr(next(iter(record))), 60)}")
    return kind(**values)


def _take(record: dict[str, Any], name: str, kind: type) -> Any:
    if name not in record:
        raise ValueError(f"field '{name}' is missing")
    if not isinstance(record[name], kind):
        raise ValueError(f"field '{name}' is not {kind.__name__}")
    return record.pop(name)


def _plain(value: Any, hint: Any, name: str) -> Any:
    """``value`` as the field's type; raises ValueError for another type or a non-finite number."""
    origin, kinds = _parts(hint)
    if hasattr(hint, "_fields"):  # a named tuple, stored as a list of its values
        origin, kinds = hint, _parts_of_named(hint)
    if origin is not None and issubclass(origin, tuple):
        if not isinstance(value, list):
            raise ValueError(f"field '{name}' is not a list")
        if kinds[-1] is Ellipsis:
            return tuple([_plain(item, kinds[0], name) for item in value])
        values = [_plain(item, kind, name) for item, kind in zip(value, kinds, strict=True)]
        return tuple(values) if origin is tuple else origin(*values)
    expected = origin or hint
    if type(value) is expected and expected is not float:  # neither bool nor another int
        return value
    accepted = (int, float) if expected is float else expected
    if isinstance(accepted, UnionType) or not isinstance(value, accepted):
        raise ValueError(f"field '{name}' is not {expected.__name__}")
    if isinstance(value, bool) or (expected is float and not math.isfinite(value)):
        raise ValueError(f"field '{name}' is not a finite number")
    return float(value) if expected is float else value


@functools.cache
def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type that ``hint`` is made from, None for a plain one, and its arguments."""
    return get_origin(hint), get_args(hint)


@functools.cache
def _parts_of_named(hint: Any) -> tuple[Any, ...]:
    """Return the types of a named tuple's fields."""
    return tuple(get_type_hints(hint).values())
