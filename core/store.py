"""A run's events on disk: a folder with an append-only ``events.jsonl`` and its arrays.

Arrays are written before the line that names them, so that a reader never sees a line whose
arrays are not there. The reader goes on from a byte offset; a torn last line waits for its rest,
a corrupt line in the middle is an error that names file and line.
"""

import functools
import json
import math
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from core.errors import SleepError
from core.events import Event
from core.files import read_arrays, write_arrays

LOG = "events.jsonl"
_ARRAYS = "arrays"
_hints = functools.cache(get_type_hints)  # slow, and asked for with every event
_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


class LogError(SleepError):
    """A log that cannot be read; the sentence names file, line and what is wrong."""


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


class RunLog:
    """Appends events to a folder, which must be new or hold no log yet."""

    def __init__(self, folder: Path) -> None:
        (folder / _ARRAYS).mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = (folder / LOG).open("x", encoding="utf-8")
        self._count = 0

    def append(self, event: Event) -> None:
        """Write the event's arrays, then its line, and hand both to the operating system."""
        arrays: dict[str, NDArray[Any]] = {}
        record = {"kind": type(event).__name__, **_encode(event, "", arrays)}
        if arrays:
            name = f"{self._count:06d}.npz"
            write_arrays(self._folder / _ARRAYS / name, **arrays)
            record["arrays"] = name
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
        self._file.flush()
        self._count += 1

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


class RunReader:
    """Reads a folder's events as they come; each call of `read` returns those since the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offset = 0
        self._line = 0

    def read(self) -> list[Event]:
        """All whole events since the last call, [] where there are none yet."""
        try:
            with (self._folder / LOG).open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        found = [self._decode(line, self._line + n) for n, line in enumerate(lines, start=1)]
        self._offset += len(whole)
        self._line += len(lines)
        return found

    def _decode(self, line: bytes, number: int) -> Event:
        place = f"{self._folder / LOG}, line {number}"
        try:
            record = json.loads(line, parse_float=_finite, parse_constant=_finite)
            kind = _KINDS[record.pop("kind")]
            arrays = self._folder / _ARRAYS / str(record.pop("arrays", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise LogError(f"{place}: this is not an event of a run.") from None
        try:
            return _build(kind, record, "", arrays)
        except (ValueError, OverflowError) as error:
            raise LogError(f"{place}: a damaged {kind.__name__} event ({error}).") from None


def _finite(text: str) -> float:
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
