"""Convert events to JSON records and back, with a check of every field's type."""

import functools
import math
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from core.runs.arrays import ArraySpec, StoredArray
from core.runs.events import Event
from core.runs.limits import UNKNOWN_CONFIG, Limits
from core.support.text import shorten

_EVENT_TYPES: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


def encode(event: Event) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return ``event`` as JSON values, and its arrays by name."""
    arrays: dict[str, NDArray[Any]] = {}
    return {"kind": type(event).__name__, **_encode(event, "", arrays)}, arrays


def decode(record: dict[str, Any], arrays: Path | None, limits: Limits = UNKNOWN_CONFIG) -> Event:
    """Return the event that a record describes.

    Parameters
    ----------
    record : dict
        JSON values of the event; the function empties it.
    arrays : Path or None
        File that holds the event's arrays. It is not read: they become `StoredArray`.
    limits : Limits, default UNKNOWN_CONFIG
        Limits of the run, which determine the shapes of its arrays.

    Returns
    -------
    Event
        The event, with all fields of the declared type.

    Raises
    ------
    ValueError
        If the record is not an event; the message names the field.
    """
    name = record.pop("kind", None)
    if not isinstance(name, str) or name not in _EVENT_TYPES:
        unknown = shorten(repr(name), 60)
        raise ValueError(f"an event of unknown kind {unknown}; a newer version may have written it")
    specs: dict[str, ArraySpec] = {}
    try:
        event: Event = _build(_EVENT_TYPES[name], record, "", _ArrayFile(arrays, limits, specs))
        if arrays is None and specs:
            raise ValueError("it does not name the file of its arrays")
        if arrays is not None and not specs:
            raise ValueError("it names a file of arrays but has no arrays")
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


class _ArrayFile(NamedTuple):
    """The file of an event's arrays. `stored` adds every array of the event to ``specs``."""

    file: Path | None
    limits: Limits
    specs: dict[str, ArraySpec]

    def stored(self, kind: type, key: str, hint: Any, images: int | None) -> StoredArray:
        (dtype,) = get_args(get_args(hint)[1])
        shape = self.limits.shape(kind.__name__, images)
        self.specs[key] = ArraySpec(np.dtype(dtype), shape)
        return StoredArray(self.file or Path(), key, self.specs)


@functools.cache  # a log may have a hundred thousand events
def _fields(kind: Any) -> tuple[tuple[str, Any, bool, bool, bool], ...]:
    """For each field of ``kind``: name, type, whether an array, a dataclass, has a default."""
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


def _build(kind: Any, record: dict[str, Any], prefix: str, array_file: _ArrayFile) -> Any:
    """Return an instance of the dataclass ``kind``; its arrays are `StoredArray`."""
    values: dict[str, Any] = {}
    for name, hint, is_array, is_nested, has_default in _fields(kind):
        if has_default and name not in record:
            continue  # an earlier version did not write this field
        if is_array:
            images = values.get("images")
            values[name] = array_file.stored(kind, prefix + name, hint, images)
        elif is_nested:
            nested = _take(record, name, dict)
            values[name] = _build(hint, nested, f"{prefix}{name}.", array_file)
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
    """Return ``value`` as the field's type.

    Raises ValueError if it has another type or is not finite.
    """
    origin, kinds = _type_parts(hint)
    if hasattr(hint, "_fields"):  # a named tuple, stored as a list of its values
        origin, kinds = hint, _named_tuple_types(hint)
    if origin is not None and issubclass(origin, tuple):
        if not isinstance(value, list):
            raise ValueError(f"field '{name}' is not a list")
        if kinds[-1] is Ellipsis:
            return tuple([_plain(item, kinds[0], name) for item in value])
        values = [_plain(item, kind, name) for item, kind in zip(value, kinds, strict=True)]
        return tuple(values) if origin is tuple else origin(*values)
    expected = origin or hint
    if type(value) is expected and expected is not float:  # excludes bool for int
        return value
    accepted = (int, float) if expected is float else expected
    if isinstance(accepted, UnionType) or not isinstance(value, accepted):
        raise ValueError(f"field '{name}' is not {expected.__name__}")
    if isinstance(value, bool) or (expected is float and not math.isfinite(value)):
        raise ValueError(f"field '{name}' is not a finite number")
    return float(value) if expected is float else value


@functools.cache
def _type_parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a generic type's origin, None for a plain type, and its arguments."""
    return get_origin(hint), get_args(hint)


@functools.cache
def _named_tuple_types(hint: Any) -> tuple[Any, ...]:
    """Return the types of a named tuple's fields."""
    return tuple(get_type_hints(hint).values())
