"""`core.support.checksums`: JSON lines and JSON files with a checksum."""

import json
import math
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.support.checksums import (
    add_checksum,
    read_checked_json,
    strip_checksum,
    write_checked_json,
)

RECORD = {"kind": "CycleDone", "cycle": 1, "name": "“é”", "fractions": [0.1 + 0.2, 1e-17]}

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_RECORDS = st.dictionaries(st.text().filter(lambda name: name != "crc"), _VALUES, min_size=1)


@given(_RECORDS, st.integers(0, 2**32 - 1))
def test_a_record_survives_encoding_as_a_line_with_checksum(
    record: dict[str, object], previous_crc: int
) -> None:
    line, crc = add_checksum(record, previous_crc)
    assert "\n" not in line
    assert json.loads(line) == {**record, "crc": f"{crc:08x}"}  # plain JSON
    text, checked_crc = strip_checksum(line.encode(), previous_crc)
    assert (json.loads(text), checked_crc) == (record, crc)


def test_the_checksum_is_a_crc_32_of_the_line_and_all_previous_lines() -> None:
    first_line, first_crc = add_checksum({"cycle": 1}, 0)
    second_line, second_crc = add_checksum({"cycle": 2}, first_crc)
    assert first_crc == zlib.crc32(b'{"cycle": 1}')
    assert second_crc == zlib.crc32(b'{"cycle": 1}{"cycle": 2}')
    assert (first_line, second_line) == (
        f'{{"cycle": 1, "crc": "{first_crc:08x}"}}',
        f'{{"cycle": 2, "crc": "{second_crc:08x}"}}',
    )


def test_a_line_with_any_flipped_bit_is_rejected() -> None:
    line = add_checksum(RECORD, 7)[0].encode()
    for index in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[index] ^= 1 << bit
            with pytest.raises(ValueError, match="its checksum is wrong"):
                strip_checksum(bytes(flipped), 7)


def test_a_line_that_is_truncated_or_follows_another_line_is_rejected() -> None:
    line = add_checksum(RECORD, 7)[0].encode()
    for end in range(len(line)):
        with pytest.raises(ValueError, match="its checksum is wrong"):
            strip_checksum(line[:end], 7)
    with pytest.raises(ValueError, match="its checksum is wrong"):
        strip_checksum(line, 8)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_never_written(value: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        add_checksum({"seconds": value}, 0)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_checked_json(tmp_path / "record.json", {"seconds": value})
    assert list(tmp_path.iterdir()) == []


@given(record=_RECORDS)
def test_a_record_survives_writing_and_reading_a_checked_file(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "record.json"
    write_checked_json(path, record)
    assert read_checked_json(path) == record


def test_a_checked_file_with_a_flipped_bit_is_rejected_or_has_equal_values(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_checked_json(path, RECORD)
    content = path.read_bytes()
    accepted = 0
    for index in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[index] ^= 1 << bit
            path.write_bytes(flipped)
            try:
                record = read_checked_json(path)
            except ValueError:
                continue
            assert record == RECORD
            accepted += 1
    assert accepted < len(content)  # such as another white space character


def test_a_checked_file_may_be_reformatted_and_its_fields_reordered(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_checked_json(path, RECORD)
    reordered = dict(reversed(json.loads(path.read_text("utf-8")).items()))
    path.write_text(json.dumps(reordered, indent=4, ensure_ascii=False), encoding="utf-8")
    assert read_checked_json(path) == RECORD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        "null",
        "{}",
        '{"cycle": 1}',
        '{"cycle": 1, "crc": null}',
        '{"cycle": NaN, "crc": "00000000"}',
        "{",
        "[" * 100_000,
        '{"cycle": ' + "9" * 5_000 + ', "crc": "0"}',
    ],
    ids=lambda text: text[:12],
)
def test_a_file_that_is_not_a_record_with_checksum_is_rejected(text: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011 (several messages)
        read_checked_json(path)


def test_reading_a_missing_checked_file_raises_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_checked_json(tmp_path / "record.json")
