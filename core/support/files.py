"""Files that are whole or absent, also after a power cut, and reading that trusts no file.

A write is durable in three steps: the content reaches the disk (``fsync`` of the file), then the
name is changed, then the name reaches the disk (``fsync`` of the folder). Source: Pillai et al.
2014, "All file systems are not created equal", OSDI.
"""

import errno
import fcntl
import io
import json
import os
import shutil
import stat
import sys
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_JSON_BYTES = 16_000_000  # a config with 100,000 cycles in its log needs about 4 MB

_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW

# --- writing ---


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield an open file that becomes ``path`` only if the block succeeds.

    The folder must exist. On Linux the file has no name before that, so that a process that is
    killed leaves nothing. ``durable=False`` saves two waits for the disk, for files whose loss in
    a power cut costs nothing.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        file, temporary = _open_new(path.name, folder)
        try:
            yield file
            file.flush()
            if durable:
                sync(file.fileno())
            if temporary is None:
                temporary = _link(file, path.name, folder)
            if temporary is not None:
                os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
                temporary = None
        finally:
            with suppress(OSError):  # a full disk was already reported by the write itself
                file.close()
            if temporary is not None:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
        if durable:
            sync(folder)
    except OSError as error:
        # A full disk names no file, and our own calls name one relative to the folder.
        if not os.path.isabs(error.filename or ""):
            error.filename = str(path)
        raise
    finally:
        os.close(folder)


def _open_new(name: str, folder: int) -> tuple[BinaryIO, str | None]:
    """A new file in ``folder`` and its temporary name, None where it has no name yet."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
        with suppress(OSError):  # some file systems cannot do it
            unnamed = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o666, dir_fd=folder)
            return os.fdopen(unnamed, "wb"), None
    temporary = _temporary_name(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(temporary, flags, 0o666, dir_fd=folder), "wb"), temporary


def _link(file: BinaryIO, name: str, folder: int) -> str | None:
    """Give an unnamed file ``name``, or a temporary name, which is returned, if it is taken."""
    source = f"/proc/self/fd/{file.fileno()}"
    try:
        os.link(source, name, dst_dir_fd=folder, follow_symlinks=True)
        return None
    except FileExistsError:
        temporary = _temporary_name(name)
        os.link(source, temporary, dst_dir_fd=folder, follow_symlinks=True)
        return temporary


def _temporary_name(name: str) -> str:
    return f".{name}.{uuid.uuid4().hex}.tmp"


def sync(descriptor: int) -> None:
    """Wait until an open file or folder is on disk; raises OSError if it cannot get there."""
    if sys.platform == "darwin":  # whose fsync ends at the drive's own cache
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in ``folder`` are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make ``folder`` and those above it where they are missing, durably."""
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):
        make_folder(each)


def make_folder(folder: Path) -> None:
    """Make ``folder`` where it is missing, durably.

    Raises OSError if what is above it is missing, and if it is a link or no folder.
    """
    with suppress(FileExistsError):
        folder.mkdir()
        sync_folder(folder.parent)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def remove_file(path: Path) -> None:
    """Remove a file, if it exists, durably."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove ``folder`` with all below it, durably; raises OSError, also if it is missing.

    It is renamed first, so that a removal that is broken off leaves no half of it under its name,
    but ``.NAME.deleted`` beside it.
    """
    doomed = folder.with_name(f".{folder.name}.deleted")
    folder.rename(doomed)
    sync_folder(doomed.parent)
    shutil.rmtree(doomed)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content``, whole or not at all."""
    with atomic_file(path, durable=durable) as file:
        file.write(content)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode(), durable=durable)


def write_json(path: Path, values: Any, *, durable: bool = True) -> None:
    """Write ``values`` as JSON, whole or not at all."""
    write_text(path, json.dumps(values), durable=durable)


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays as one compressed archive, whole or not at all."""
    with atomic_file(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


# --- reading ---


def open_regular(path: Path, max_bytes: int) -> BinaryIO:
    """Open ``path`` for reading; it must be a regular file and no link, of at most ``max_bytes``.

    Never waits, as opening a named pipe would. Raises OSError.
    """
    return _regular(os.open(path, _NO_LINK | os.O_NONBLOCK), path, max_bytes)


def open_inside(folder: Path, *names: str, max_bytes: int) -> BinaryIO:
    """Open the regular file ``names`` below ``folder``, as `open_regular` does.

    Neither ``folder`` nor a folder on the way may be a link, also if it is replaced meanwhile.
    Raises OSError.
    """
    *folders, name = names
    descriptor = os.open(folder, _NO_LINK | os.O_DIRECTORY)
    try:
        for each in folders:
            inner = os.open(each, _NO_LINK | os.O_DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        file = os.open(name, _NO_LINK | os.O_NONBLOCK, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    return _regular(file, folder.joinpath(*names), max_bytes)


def _regular(descriptor: int, path: Path, max_bytes: int) -> BinaryIO:
    """The open ``descriptor`` as a file; raises OSError, with it closed, if it may not be read."""
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if found.st_size > max_bytes:
            too_large = f"{found.st_size:,} bytes, of which at most {max_bytes:,} are read"
            raise OSError(errno.EFBIG, too_large, str(path))
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The content of a regular file; raises OSError as `open_regular` does."""
    with open_regular(path, max_bytes) as file:
        return file.read(max_bytes)  # it may have grown since


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``; {} if there is none or it is not one."""
    try:
        values = json.loads(read_bytes(path, MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def read_arrays(path: Path, *names: str) -> tuple[NDArray[Any], ...]:
    """The named arrays of an archive; a damaged one raises a dozen kinds of error."""
    # Read to their ends, where the checksums are: np.load stops where the array itself says so.
    with zipfile.ZipFile(path) as archive:
        parts = [io.BytesIO(archive.read(f"{name}.npy")) for name in names]
    return tuple(np.lib.format.read_array(part, allow_pickle=False) for part in parts)
