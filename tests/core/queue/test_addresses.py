"""`core.queue.addresses`: groups of network addresses and their hashed names."""

import stat
from pathlib import Path

import pytest

from core.queue.addresses import LOCAL, address_group, hashed_name
from core.queue.paths import address_key_file
from tests.helpers.engines import use_outputs_folder


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        *((text, LOCAL) for text in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")),
        *((text, LOCAL) for text in ("", "unknown", "1.2.3", "203.0.113.7:80", "a" * 10_000)),
    ],
)
def test_an_address_belongs_to_its_group(address: str, group: str) -> None:
    assert address_group(address) == group


def test_a_hashed_name_is_equal_within_a_group_and_differs_between_groups() -> None:
    assert hashed_name("2001:db8::1") == hashed_name("2001:db8::2")
    assert hashed_name("127.0.0.1") == hashed_name("::1") == hashed_name("")
    names = {hashed_name(f"203.0.113.{number}") for number in range(50)}
    assert len(names) == 50


def test_a_hashed_name_depends_on_a_key_file_that_only_its_owner_can_read() -> None:
    first = hashed_name("203.0.113.7")
    assert stat.S_IMODE(address_key_file().stat().st_mode) == 0o600
    assert hashed_name("203.0.113.7") == first
    address_key_file().unlink()
    assert hashed_name("203.0.113.7") != first


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100])
def test_a_damaged_key_is_replaced(content: bytes) -> None:
    hashed_name("203.0.113.7")
    address_key_file().write_bytes(content)
    assert hashed_name("203.0.113.7") == hashed_name("203.0.113.7")
    assert len(address_key_file().read_bytes()) == 32
