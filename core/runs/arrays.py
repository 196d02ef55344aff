"""Arrays of an event that are still on disk.

Their file is not trusted: its content is compared with what the event and the config allow before
it is read.
"""

import math
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.runs.events import Event
from core.runs.limits import Shape
from core.support.errors import LogError
from core.support.files import open_inside
from core.support.text import shorten

MAX_ARRAY_BYTES = 256_000_000  # largest size of one array in memory

_HEADER_BYTES = 1_024  # NumPy writes 128
_ENTRY_BYTES = 2_048  # per array of an archive, in addition to its data
_END = struct.Struct("<4s4H2LH")  # the end-of-central-directory record of a zip archive
_ZIP64_MARK = b"PK\6\7"  # starts the record that precedes it in an archive of 4 GB or more
_ZIP64_BYTES = 20


class ArraySpec(NamedTuple):
    """The data type and the allowed shape of an array."""

    dtype: np.dtype[Any]
    shape: Shape

    @property
    def max_bytes(self) -> int:
        """The size of the largest allowed array, in bytes."""
        return self.dtype.itemsize * math.prod(axis[-1] for axis in self.shape)


@dataclass(frozen=True)
class StoredArray:
    """An array of an event that is still on disk.

    Attributes
    ----------
    file : Path
        Archive that holds all arrays of the event.
    key : str
        Name of this array in the archive.
    specs : mapping of str to ArraySpec
        All arrays that the archive must hold, by name.
    """

    file: Path
    key: str
    specs: Mapping[str, ArraySpec]

    def load(self) -> NDArray[Any]:
        """Read the array, which is read-only.

        Raises `LogError` if the file is missing or damaged, or does not hold exactly the event's
        arrays.
        """
        try:
            with self.open() as file:
                return _read(file, self.key, self.specs)
        except Exception as error:  # a damaged file raises a dozen types
            reason = error.strerror or error if isinstance(error, OSError) else error
            raise LogError(
                f"{self.file}: the array '{self.key}' cannot be read ({shorten(str(reason))})."
            ) from None

    def copy(self, target: IO[bytes]) -> None:
        """Copy the file, unchanged, to ``target``.

        Raises `LogError` if the file cannot be read or is larger than the event's arrays can be,
        and OSError if ``target`` cannot be written.
        """
        try:
            file = self.open()
        except OSError as error:
            reason = error.strerror or error
            raise LogError(f"{self.file} cannot be copied ({reason}).") from None
        with file:
            shutil.copyfileobj(file, target)

    def open(self) -> BinaryIO:
        """Open the file. Raises OSError, also if it is larger than the event's arrays can be."""
        sizes = [spec.max_bytes for spec in self.specs.values()]
        max_bytes = sum(size + size // 500 + _ENTRY_BYTES for size in sizes)
        run = self.file.parents[1]
        return open_inside(run, self.file.parent.name, self.file.name, max_bytes=max_bytes)


def stored_arrays(events: Iterable[Event]) -> Iterator[StoredArray]:
    """Yield all arrays of ``events``."""
    for event in events:
        yield from _arrays_in(event)


def array_files(events: Iterable[Event]) -> dict[str, StoredArray]:
    """Return one array of each array file of ``events``, by the name of the file."""
    return {array.file.name: array for array in stored_arrays(events)}


def _arrays_in(value: Any) -> Iterator[StoredArray]:
    for item in vars(value).values():
        if isinstance(item, StoredArray):
            yield item
        elif is_dataclass(item):
            yield from _arrays_in(item)


def _read(file: BinaryIO, key: str, specs: Mapping[str, ArraySpec]) -> NDArray[Any]:
    _check_end(file, len(specs))
    with ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if entries.keys() != {f"{name}.npy" for name in specs}:
            raise ValueError("the file does not hold exactly the arrays of its event")
        for name, spec in specs.items():
            _check_entry(entries[f"{name}.npy"], spec)
        with archive.open(entries[f"{key}.npy"]) as content:
            return _array(content, specs[key])


def _check_end(file: BinaryIO, count: int) -> None:
    """Raise ValueError unless the archive's table of contents lists ``count`` arrays.

    `ZipFile` reads the whole table at once, however many entries it has.
    """
    size = file.seek(0, 2)
    file.seek(max(size - _END.size - _ZIP64_BYTES, 0))
    zip64, end = file.read(_ZIP64_BYTES), file.read(_END.size)
    if len(end) < _END.size:
        raise ValueError("the file is not a whole archive")
    mark, _, _, disk_entries, entries, table_bytes, _, comment = _END.unpack(end)
    if mark != b"PK\5\6" or comment or zip64.startswith(_ZIP64_MARK):
        raise ValueError("the file is not a whole archive")
    if disk_entries != count or entries != count or table_bytes > count * _ENTRY_BYTES:
        raise ValueError("the file does not hold exactly the arrays of its event")


def _check_entry(entry: ZipInfo, spec: ArraySpec) -> None:
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError("the file uses a compression that the program does not write")
    if entry.file_size > spec.max_bytes + _HEADER_BYTES:
        raise ValueError("the file holds more than its event's arrays")
    if entry.file_size > MAX_ARRAY_BYTES:
        size = f"{entry.file_size:,} bytes, of which at most {MAX_ARRAY_BYTES:,} are read"
        raise ValueError(size)


def _array(content: IO[bytes], spec: ArraySpec) -> NDArray[Any]:
    if npy.read_magic(content) != (1, 0):
        raise ValueError("its header has another version than the program writes")
    shape, columns_first, dtype = npy.read_array_header_1_0(content, max_header_size=_HEADER_BYTES)
    allowed = len(shape) == len(spec.shape) and all(
        length in axis for length, axis in zip(shape, spec.shape, strict=True)
    )
    if dtype != spec.dtype or columns_first or not allowed:
        raise ValueError(f"it is {dtype} of shape {list(shape)}, which does not fit its event")
    size = dtype.itemsize * math.prod(shape)
    data = content.read(size + 1)  # one more byte reaches the end, where the checksum is verified
    if len(data) != size:
        raise ValueError("its data does not have the length of its shape")
    return np.frombuffer(data, dtype).reshape(shape)
