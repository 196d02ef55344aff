"""Text that tells whether it is still what was written: every piece ends with a checksum.

JSON alone notices a missing bracket, not a digit that has changed. A line of a log is sealed over
itself and all lines before it, so that a line that is lost or moved is noticed too.
"""

import json
import math
import zlib
from pathlib import Path
from typing import Any

from core.support.files import read_bytes, write_text

_MARK = ', "crc": "'
_LARGEST_RECORD = 1_000_000  # bytes; that of a run with 100 seeds has 3,000
_TAIL = len(_MARK) + len('00000000"}')


def add_checksum(record: dict[str, Any], before: int) -> tuple[str, int]:
    """``record`` as one line of JSON with its checksum, and that checksum.

    ``before`` is the checksum of the line before, 0 for the first. Raises ValueError for a number
    that is not finite.
    """
    text = json.dumps(record, allow_nan=False)
    crc = zlib.crc32(text.encode(), before)
    return f'{text[:-1]}{_MARK}{crc:08x}"}}', crc


def strip_checksum(line: bytes, before: int) -> tuple[bytes, int]:
    """The JSON in ``line`` without its checksum, and that checksum; raises ValueError if wrong."""
    text, tail = line[:-_TAIL] + b"}", line[-_TAIL:]
    crc = zlib.crc32(text, before)
    if tail != f'{_MARK}{crc:08x}"}}'.encode():
        raise ValueError("its checksum is wrong")
    return text, crc


def finite(text: str) -> float:
    """The number in ``text``; raises ValueError for NaN and infinity, which JSON lets through."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def write_checked_json(path: Path, record: dict[str, Any]) -> None:
    """Write ``record`` as JSON for people to read, with its checksum, whole or not at all."""
    write_text(path, json.dumps({**record, "crc": _crc(record)}, indent=1, allow_nan=False) + "\n")


def read_checked_json(path: Path) -> dict[str, Any]:
    """What `write_checked_json` wrote; raises OSError, or ValueError if it is not that."""
    try:
        text = read_bytes(path, _LARGEST_RECORD).decode()
        record = json.loads(text, parse_float=finite, parse_constant=finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(record, dict) or "crc" not in record:
        raise ValueError("it is not a sealed record")
    crc = record.pop("crc")
    if crc != _crc(record):
        raise ValueError("its checksum is wrong")
    return record


def _crc(record: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(record, sort_keys=True).encode()):08x}"
