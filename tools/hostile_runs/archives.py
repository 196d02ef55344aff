"""Hostile runs with array files that are too large, damaged or of another content."""

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tools.hostile_runs.draft import Case, written

_BOMB_MB = 600


def _array_file(write: Callable[[Path], object]) -> Case:
    return written(lambda draft: write(draft.array_file()))


def _saved(**arrays: Any) -> Case:
    return _array_file(lambda path: np.savez_compressed(path, **arrays))


def _header(shape: object = (1, 2, 28, 28), columns_first: bool = False) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': {columns_first}, 'shape': {shape!r}, }}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _zipped(
    content: bytes = b"", name: str = "images.npy", compression: int = zipfile.ZIP_DEFLATED
) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr(name, content)

    return write


def _write_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        file.write(_header(shape=(_BOMB_MB, 1_000_000)))
        for _ in range(_BOMB_MB):
            file.write(bytes(1_000_000))


def _write_many_entries(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"{number}.npy"), b"")


def _write_wrong_size(path: Path) -> None:
    """Write a large array whose size is small in the archive's table of contents."""
    _zipped(_header() + bytes(50_000_000))(path)
    content = path.read_bytes()
    entry = content.rindex(b"PK\1\2")
    size = (1_696).to_bytes(4, "little")
    path.write_bytes(content[: entry + 24] + size + content[entry + 28 :])


def _write_encrypted(path: Path) -> None:
    _zipped(_header() + bytes(1_568))(path)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)


def _append_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more" * 100)


_IMAGES = np.zeros((1, 2, 28, 28), np.uint8)
_PIXELS = bytes(1_568)
_LONG_HEADER = b"\x93NUMPY\x02\x00" + (3_000_000_000).to_bytes(4, "little") + b"{" * 2_000

ARCHIVES: Mapping[str, Case] = {
    "a zip bomb as array": _array_file(_write_bomb),
    "numbers of another type": _saved(images=_IMAGES.astype(float)),
    "a pickle as array": _saved(images=np.array([{1: 2}], dtype=object)),
    "more images than dreams": _saved(images=np.zeros((1, 90, 28, 28), np.uint8)),
    "images of another size": _saved(images=np.zeros((1, 2, 280, 280), np.uint8)),
    "images without an axis": _saved(images=_IMAGES[0]),
    "no images": _saved(images=_IMAGES[:, :0]),
    "one array too many": _saved(images=_IMAGES, more=_IMAGES),
    "an array of another name": _saved(pictures=_IMAGES),
    "60,000 arrays": _array_file(_write_many_entries),
    "an array name in the archive that leaves it": _array_file(_zipped(b"", "../../images.npy")),
    "a bzip2 archive": _array_file(_zipped(_header() + _PIXELS, compression=zipfile.ZIP_BZIP2)),
    "an LZMA archive": _array_file(_zipped(_header() + _PIXELS, compression=zipfile.ZIP_LZMA)),
    "a shape of a terabyte": _array_file(_zipped(_header(shape=(10**12,)))),
    "a negative shape": _array_file(_zipped(_header(shape=(1, -2, 28, 28)) + _PIXELS)),
    "a shape that is a text": _array_file(_zipped(_header(shape="x") + _PIXELS)),
    "columns first": _array_file(_zipped(_header(columns_first=True) + _PIXELS)),
    "a header of 3 GB": _array_file(_zipped(_LONG_HEADER)),
    "less data than its shape": _array_file(_zipped(_header() + bytes(15))),
    "an archive with a wrong size": _array_file(_write_wrong_size),
    "an encrypted archive": _array_file(_write_encrypted),
    "an archive with bytes after its end": _array_file(_append_bytes),
    "an empty archive": _array_file(lambda path: path.write_bytes(b"")),
    "an array file of 300 MB": _array_file(lambda path: os.truncate(path, 300_000_000)),
}
