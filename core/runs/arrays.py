"""Arrays that an event names, still on disk. Their file is untrusted: everything in it is compared
with what the event and the config allow before it is read."""

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

MAX_ARRAY_BYTES = 256_000_000  # which one array may take in memory

_HEADER_BYTES = 1_024  # NumPy's own are 128 bytes
_ENTRY_BYTES = 2_048  # per array of an archive, besides its data
_END = struct.Struct("<4s4H2LH")  # the record at an archive's end
_LARGE_END = b"PK\6\7"  # and what stands before it in an archive of 4 GB or more
_LARGE_END_BYTES = 20


class Member(NamedTuple):
    """What an array of an archive may be."""

    dtype: np.dtype[Any]
    shape: Shape

    @property
    def most_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(axis[-1] for axis in self.shape)


@dataclass(frozen=True)
class StoredArray:
    """An array that an event names, still on disk: ``key`` of those that ``file`` should hold."""

    file: Path
    key: str
    members: Mapping[str, Member]

    def load(self) -> NDArray[Any]:
        """Read the array, which cannot be written to.

        Raises `LogError` when its file is missing or damaged, or holds anything else than the
        event's arrays.
        """
        try:
            with self.open() as file:
                return _read(file, self.key, self.members)
        except Exception as error:  # a damaged file raises a dozen kinds
            reason = error.strerror or error if isinstance(error, OSError) else error
            raise LogError(
                f"{self.file}: the array '{self.key}' cannot be read ({shorten(str(reason))})."
            ) from None

    def copy(self, target: IO[bytes]) -> None:
        """Write the file as it is to ``target``.

        Raises `LogError` where it cannot be read, or is larger than the event's arrays can be, and
        OSError where ``target`` cannot be written.
        """
        try:
            file = self.open()
        except OSError as error:
            reason = error.strerror or error
            raise LogError(f"{self.file} cannot be copied ({reason}).") from None
        with file:
            shutil.copyfileobj(file, target)

    def open(self) -> BinaryIO:
        """Open the file as it is; raises OSError, also where it is larger than it can be."""
        most = [member.most_bytes for member in self.members.values()]
        size = sum(each + each // 500 + _ENTRY_BYTES for each in most)
        run = self.file.parents[1]
        return open_inside(run, self.file.parent.name, self.file.name, max_bytes=size)


def arrays_of(events: Iterable[Event]) -> Iterator[StoredArray]:
    """All arrays that ``events`` name."""
    for event in events:
        yield from _arrays_in(event)


def files_of(events: Iterable[Event]) -> dict[str, StoredArray]:
    """An array of each file that ``events`` name, by the file's name."""
    return {array.file.name: array for array in arrays_of(events)}


def _arrays_in(value: Any) -> Iterator[StoredArray]:
    for part in vars(value).values():
        if isinstance(part, StoredArray):
            yield part
        elif is_dataclass(part):
            yield from _arrays_in(part)


def _read(file: BinaryIO, key: str, members: Mapping[str, Member]) -> NDArray[Any]:
    _check_end(file, len(members))
    with ZipFile(file) as archive:
        found = {entry.filename: entry for entry in archive.infolist()}
        if found.keys() != {f"{name}.npy" for name in members}:
            raise ValueError("the file does not hold exactly the arrays of its event")
        for name, member in members.items():
            _check_entry(found[f"{name}.npy"], member)
        with archive.open(found[f"{key}.npy"]) as content:
            return _array(content, members[key])


def _check_end(file: BinaryIO, count: int) -> None:
    """Raise ValueError unless the archive's table of contents is that of ``count`` arrays.

    `ZipFile` reads all of it at once, however many entries there are.
    """
    size = file.seek(0, 2)
    file.seek(max(size - _END.size - _LARGE_END_BYTES, 0))
    large, end = file.read(_LARGE_END_BYTES), file.read(_END.size)
    if len(end) < _END.size:
        raise ValueError("the file is not a whole archive")
    mark, _, _, here, entries, table_bytes, _, comment = _END.unpack(end)
    if mark != b"PK\5\6" or comment or large.startswith(_LARGE_END):
        raise ValueError("the file is not a whole archive")
    if here != count or entries != count or table_bytes > count * _ENTRY_BYTES:
        raise ValueError("the file does not hold exactly the arrays of its event")


def _check_entry(entry: ZipInfo, member: Member) -> None:
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError("the file uses a compression that the program does not write")
    if entry.file_size > member.most_bytes + _HEADER_BYTES:
        raise ValueError("the file holds more than its event's arrays")
    if entry.file_size > MAX_ARRAY_BYTES:
        large = f"{entry.file_size:,} bytes, of which at most {MAX_ARRAY_BYTES:,} are read"
        raise ValueError(large)


def _array(content: IO[bytes], member: Member) -> NDArray[Any]:
    if npy.read_magic(content) != (1, 0):
        raise ValueError("its description is of another version than the program's")
    shape, columns_first, dtype = npy.read_array_header_1_0(content, max_header_size=_HEADER_BYTES)
    allowed = len(shape) == len(member.shape) and all(
        length in axis for length, axis in zip(shape, member.shape, strict=True)
    )
    if dtype != member.dtype or columns_first or not allowed:
        raise ValueError(f"it is {dtype} of shape {list(shape)}, which does not fit its event")
    size = dtype.itemsize * math.prod(shape)
    data = content.read(size + 1)  # to its end, where the checksum is
    if len(data) != size:
        raise ValueError("its data does not have the length of its shape")
    return np.frombuffer(data, dtype).reshape(shape)
