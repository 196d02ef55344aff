"""`core.support.checksums`: text that tells whether it is still what was written."""

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

RECORD = {"kind": "CycleDone", "cycle": 1, "name": "“é”", "shares": [0.1 + 0.2, 1e-17]}

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_RECORDS = st.dictionaries(st.text().filter(lambda name: name != "crc"), _VALUES, min_size=1)


@given(_RECORDS, st.integers(0, 2**32 - 1))
def test_a_sealed_line_gives_back_what_was_sealed(record: dict[str, object], before: int) -> None:
    line, crc = add_checksum(record, before)
    assert "\n" not in line
    assert json.loads(line) == {**record, "crc": f"{crc:08x}"}  # whoever reads it needs no key
    text, found = strip_checksum(line.encode(), before)
    assert (json.loads(text), found) == (record, crc)


def test_the_seal_is_a_crc_32_that_goes_on_from_the_line_before() -> None:
    one, crc = add_checksum({"cycle": 1}, 0)
    two, end = add_checksum({"cycle": 2}, crc)
    assert crc == zlib.crc32(b'{"cycle": 1}')
    assert end == zlib.crc32(b'{"cycle": 1}{"cycle": 2}')
    assert (one, two) == (
        f'{{"cycle": 1, "crc": "{crc:08x}"}}',
        f'{{"cycle": 2, "crc": "{end:08x}"}}',
    )


def test_a_sealed_line_is_refused_with_any_bit_flipped() -> None:
    line = add_checksum(RECORD, 7)[0].encode()
    for place in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[place] ^= 1 << bit
            with pytest.raises(ValueError, match="its checksum is wrong"):
                strip_checksum(bytes(flipped), 7)


def test_a_sealed_line_is_refused_cut_off_anywhere_or_behind_another_line() -> None:
    line = add_checksum(RECORD, 7)[0].encode()
    for end in range(len(line)):
        with pytest.raises(ValueError, match="its checksum is wrong"):
            strip_checksum(line[:end], 7)
    with pytest.raises(ValueError, match="its checksum is wrong"):
        strip_checksum(line, 8)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_never_sealed(value: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        add_checksum({"seconds": value}, 0)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_checked_json(tmp_path / "record.json", {"seconds": value})
    assert list(tmp_path.iterdir()) == []


@given(record=_RECORDS)
def test_a_sealed_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "record.json"
    write_checked_json(path, record)
    assert read_checked_json(path) == record


def test_a_sealed_file_with_a_bit_flipped_is_refused_or_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_checked_json(path, RECORD)
    content = path.read_bytes()
    same = 0
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            try:
                found = read_checked_json(path)
            except ValueError:
                continue
            assert found == RECORD
            same += 1
    assert same < len(content)  # spaces for other spaces


def test_a_sealed_file_may_be_laid_out_anew(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_checked_json(path, RECORD)
    backwards = dict(reversed(json.loads(path.read_text("utf-8")).items()))
    path.write_text(json.dumps(backwards, indent=4, ensure_ascii=False), encoding="utf-8")
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
def test_a_file_that_is_no_sealed_record_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011 (of many kinds)
        read_checked_json(path)


def test_a_sealed_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_checked_json(tmp_path / "record.json")
