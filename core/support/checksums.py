"""JSON with a CRC-32 checksum, to detect content that changed after it was written.

JSON alone detects a missing bracket but not a changed digit. The checksum of a log line covers
the line itself and all lines before it, so a lost or moved line is detected too.
"""

import json
import math
import zlib
from pathlib import Path
from typing import Any

from core.support.files import read_bytes, write_text

_CHECKSUM_FIELD = ', "crc": "'
_CHECKSUM_LENGTH = len(_CHECKSUM_FIELD) + len('00000000"}')
_MAX_RECORD_BYTES = 1_000_000  # the record of a run with 100 seeds has 3,000


def add_checksum(record: dict[str, Any], previous_crc: int) -> tuple[str, int]:
    """Encode ``record`` as one line of JSON that ends with its checksum.

    ``previous_crc`` is the checksum of the previous line, 0 for the first line. Return the line
    without a line break, and its checksum. Raise ValueError if a number is not finite.
    """
    text = json.dumps(record, allow_nan=False)
    crc = zlib.crc32(text.encode(), previous_crc)
    return f'{text[:-1]}{_CHECKSUM_FIELD}{crc:08x}"}}', crc


def strip_checksum(line: bytes, previous_crc: int) -> tuple[bytes, int]:
    """Check the checksum of ``line`` and remove it.

    ``previous_crc`` is the checksum of the previous line, 0 for the first line. Return the JSON
    without the checksum, and the checksum. Raise ValueError if the checksum is wrong.
    """
    text, tail = line[:-_CHECKSUM_LENGTH] + b"}", line[-_CHECKSUM_LENGTH:]
    crc = zlib.crc32(text, previous_crc)
    if tail != f'{_CHECKSUM_FIELD}{crc:08x}"}}'.encode():
        raise ValueError("its checksum is wrong")
    return text, crc


def parse_finite_float(text: str) -> float:
    """Parse a float; raise ValueError for NaN and infinity, which Python's JSON parser accepts."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def write_checked_json(path: Path, record: dict[str, Any]) -> None:
    """Write ``record`` with its checksum as indented JSON, atomically and durably."""
    write_text(path, json.dumps({**record, "crc": _crc(record)}, indent=1, allow_nan=False) + "\n")


def read_checked_json(path: Path) -> dict[str, Any]:
    """Read a record written by `write_checked_json`, without its checksum.

    Raise OSError if the file cannot be read, and ValueError if it is not such a record or its
    checksum is wrong. The layout of the JSON may differ: the checksum covers the values.
    """
    try:
        text = read_bytes(path, _MAX_RECORD_BYTES).decode()
        record = json.loads(text, parse_float=parse_finite_float, parse_constant=parse_finite_float)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(record, dict) or "crc" not in record:
        raise ValueError("it is not a JSON object with a checksum")
    crc = record.pop("crc")
    if crc != _crc(record):
        raise ValueError("its checksum is wrong")
    return record


def _crc(record: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(record, sort_keys=True).encode()):08x}"
