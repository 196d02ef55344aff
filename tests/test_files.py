"""`core.files`: files that are either whole or absent."""

from pathlib import Path

import pytest

from core.files import whole_file, write_text


def test_a_file_appears_whole_and_its_folders_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "notes.txt"
    with whole_file(path) as temporary:
        temporary.write_text("first half, ")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "first half, "
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("interruption", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_what_was_there_and_nothing_else(
    interruption: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "old")

    def interrupted() -> None:
        with whole_file(path) as temporary:
            temporary.write_text("ne")
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with pytest.raises(FileNotFoundError), whole_file(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_two_writers_of_the_same_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with whole_file(path) as one, whole_file(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # the block that ends last
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "x.txt", "32 % → 1 × 2")
    assert (tmp_path / "x.txt").read_bytes() == "32 % → 1 × 2".encode()
