"""From events to plain records and back, each field checked against its type."""

import functools
import math
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from core.errors import LogError
from core.events import Event
from core.files import read_arrays

_hints = functools.cache(get_type_hints)  # slow, and asked for with every event
_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


@dataclass(frozen=True)
class StoredArray:
    """An array that an event names, still on disk."""

    file: Path
    key: str

    def load(self) -> NDArray[Any]:
        """Read the array; raises `LogError` when its file is missing or damaged."""
        try:
            return read_arrays(self.file, self.key)[0]
        except Exception as error:  # of the dozen kinds that a damaged file raises
            raise LogError(
                f"{self.file}: the array '{self.key}' cannot be read ({error})."
            ) from None


def encode(event: Event) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """``event`` as JSON values, and its arrays by name."""
    arrays: dict[str, NDArray[Any]] = {}
    return {"kind": type(event).__name__, **_encode(event, "", arrays)}, arrays


def decode(record: dict[str, Any], arrays: Path) -> Event:
    """The event that ``record`` describes, its arrays left in the file ``arrays``.

    Raises ValueError that names the field for anything that is not an event.
    """
    name = record.pop("kind", None)
    if not isinstance(name, str) or name not in _KINDS:
        raise ValueError(f"an event of unknown kind {name!r}; a newer version may have written it")
    try:
        return _build(_KINDS[name], record, "", arrays)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"a damaged {name} event: {error}") from None


def finite(text: str) -> float:
    """The number in ``text``; raises ValueError for NaN and infinity, which JSON lets through."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


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


def _build(kind: Any, record: dict[str, Any], prefix: str, arrays: Path) -> Any:
    """An instance of the dataclass ``kind``; arrays become `StoredArray`."""
    values: dict[str, Any] = {}
    hints = _hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        if get_origin(hint) is np.ndarray:
            values[field.name] = StoredArray(arrays, prefix + field.name)
        elif is_dataclass(hint):
            item = _take(record, field.name, dict)
            values[field.name] = _build(hint, item, f"{prefix}{field.name}.", arrays)
        else:
            values[field.name] = _plain(_take(record, field.name, object), hint, field.name)
    if record:
        raise ValueError(f"unknown field '{next(iter(record))}'")
    return kind(**values)


def _take(record: dict[str, Any], name: str, kind: type) -> Any:
    if name not in record:
        raise ValueError(f"field '{name}' is missing")
    if not isinstance(record[name], kind):
        raise ValueError(f"field '{name}' is not {kind.__name__}")
    return record.pop(name)


def _plain(value: Any, hint: Any, name: str) -> Any:
    """``value`` as the field's type; raises ValueError for another type or a non-finite number."""
    origin = get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"field '{name}' is not a list")
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            return tuple(_plain(item, kinds[0], name) for item in value)
        return tuple(_plain(item, kind, name) for item, kind in zip(value, kinds, strict=True))
    expected = origin or hint
    accepted = (int, float) if expected is float else expected
    if isinstance(accepted, UnionType) or not isinstance(value, accepted):
        raise ValueError(f"field '{name}' is not {expected.__name__}")
    if isinstance(value, bool) or (expected is float and not math.isfinite(value)):
        raise ValueError(f"field '{name}' is not a finite number")
    return float(value) if expected is float else value
