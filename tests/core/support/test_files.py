"""`core.support.files`: atomic writes and reads of regular files only."""

import errno
import os
import signal
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.support import environment
from core.support.files import (
    atomic_file,
    read_arrays,
    read_bytes,
    read_json,
    write_arrays,
    write_json,
    write_text,
)
from tests.conftest import comparable


@pytest.fixture(params=["unnamed", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with unnamed temporary files, and as on a system without them."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system does not support files without a name")
    return str(request.param)


def test_a_file_appears_only_when_it_is_complete(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with atomic_file(path) as file:
        file.write(b"first half, ")
        assert not path.exists()
        file.write(b"second half")
    assert path.read_text() == "first half, second half"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_missing_folder_is_not_created(kind: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "deleted" / "notes.txt", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_the_old_file_and_no_temporary_file(
    interruption: type[BaseException], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "old")

    def interrupted() -> None:
        with atomic_file(path) as file:
            file.write(b"ne")
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="needs files without a name (Linux)")
@pytest.mark.parametrize("old_content", [None, "old"])
def test_a_process_killed_during_a_write_leaves_only_the_old_file(
    old_content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    if old_content is not None:
        write_text(path, old_content)
    program = (
        "import os, pathlib, signal, sys\n"
        "from core.support.files import atomic_file\n"
        "with atomic_file(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(bytes(100_000))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=environment.PROJECT, check=False
    )
    assert process.returncode == -signal.SIGKILL
    contents = [file.read_text() for file in tmp_path.iterdir()]
    assert contents == ([old_content] if old_content else [])


def test_concurrent_writers_of_a_file_do_not_mix_their_content(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with atomic_file(path) as first, atomic_file(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_text() == "first"  # its block ends last
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_a_link_and_not_its_target(kind: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").write_text("old")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "elsewhere.txt")
    write_text(tmp_path / "notes.txt", "new")
    assert not (tmp_path / "notes.txt").is_symlink()
    assert (tmp_path / "elsewhere.txt").read_text() == "old"


def test_the_os_error_of_a_full_disk_is_raised(kind: str, tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"), atomic_file(tmp_path / "notes.txt"):
        raise full
    assert list(tmp_path.iterdir()) == []


# --- reading ---


@pytest.mark.parametrize("file_type", ["pipe", "link", "folder", "device", "large"])
def test_reading_anything_but_a_regular_file_of_limited_size_raises_an_error_at_once(
    file_type: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    match file_type:
        case "pipe":
            os.mkfifo(path)
        case "link":
            (tmp_path / "elsewhere").write_text("content")
            path.symlink_to(tmp_path / "elsewhere")
        case "folder":
            path.mkdir()
        case "device":
            path = Path("/dev/zero")
        case "large":
            path.write_bytes(b"12345")
    with pytest.raises(OSError, match=str(path)):
        read_bytes(path, 4)


def test_a_regular_file_of_the_largest_accepted_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    assert read_bytes(tmp_path / "file", 4) == b"1234"


def test_text_is_written_as_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "x.txt", "32 % → 1 × 2")
    assert (tmp_path / "x.txt").read_bytes() == "32 % → 1 × 2".encode()


# --- JSON ---


def test_json_values_survive_writing_and_reading(tmp_path: Path) -> None:
    values = {"person": "“é”", "at": 0.1 + 0.2, "waiting": [["a", None]]}
    write_json(tmp_path / "x.json", values)
    assert read_json(tmp_path / "x.json") == values


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b"\xff", b"\0" * 30, b"[" * 100_000],
    ids=lambda content: repr(content[:9]),
)
def test_a_file_that_is_not_a_json_object_reads_as_an_empty_one(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert read_json(tmp_path / "x.json") == {}


def test_a_missing_json_file_reads_as_an_empty_object(tmp_path: Path) -> None:
    assert read_json(tmp_path / "x.json") == {}
    assert read_json(tmp_path) == {}


# --- arrays ---

ARRAYS: dict[str, Any] = {
    "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "errors": np.random.default_rng(0).random((8, 1_000), dtype=np.float32),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "none": np.zeros((0, 28, 28), dtype=np.uint8),
    "number": np.array(3.5),
}


def test_arrays_are_read_bit_for_bit_in_the_requested_order(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x.npz", **ARRAYS)
    names = list(reversed(ARRAYS))
    arrays = read_arrays(tmp_path / "x.npz", *names)
    assert comparable(arrays) == comparable([ARRAYS[name] for name in names])
    assert read_arrays(tmp_path / "x.npz") == ()


def test_numpy_can_read_an_archive(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x.npz", **ARRAYS)
    with np.load(tmp_path / "x.npz") as stored:
        assert set(stored) == set(ARRAYS)
        assert comparable(stored["errors"]) == comparable(ARRAYS["errors"])


def test_reading_an_array_that_is_not_in_the_archive_raises_a_key_error(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x.npz", **ARRAYS)
    with pytest.raises(KeyError):
        read_arrays(tmp_path / "x.npz", "images", "dreams")


def test_writing_or_reading_an_array_of_objects_raises_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    objects: Any = np.array([{}, []], dtype=object)
    with pytest.raises(ValueError, match=r"pickle|Object arrays"):
        write_arrays(path, objects=objects)
    assert list(tmp_path.iterdir()) == []
    np.savez_compressed(path, objects=objects)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_arrays(path, "objects")


def test_an_array_whose_header_declares_too_few_elements_raises_an_error(tmp_path: Path) -> None:
    # A flipped bit in the header must not hide the rest of the array from the checksum.
    path, changed = tmp_path / "x.npz", tmp_path / "y.npz"
    write_arrays(path, errors=ARRAYS["errors"])
    with zipfile.ZipFile(path) as archive:
        whole = archive.read("errors.npy")
        info = archive.getinfo("errors.npy")
    smaller = whole.replace(b"(8, 1000)", b"(1, 1000)")
    assert smaller != whole
    with zipfile.ZipFile(changed, "w") as archive:
        archive.writestr("errors.npy", smaller)
    content = changed.read_bytes()
    crc = zlib.crc32(smaller).to_bytes(4, "little")
    assert content.count(crc) == 2
    changed.write_bytes(content.replace(crc, info.CRC.to_bytes(4, "little")))
    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        read_arrays(changed, "errors")


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all", b"\0" * 100])
def test_reading_a_file_that_is_not_an_archive_raises_an_error_and_closes_it(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises((ValueError, EOFError, zipfile.BadZipFile)):
        read_arrays(tmp_path / "x.npz", "images")
