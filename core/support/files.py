"""Atomic and durable writes, and reads that accept only regular files of a limited size.

An atomic write leaves either the complete new file or the state before it. A durable write also
survives a power cut. It takes three steps: ``fsync`` of the file, the rename, ``fsync`` of the
folder (Pillai et al. 2014, "All file systems are not created equal", OSDI).
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
    """Open a new file for writing; rename it to ``path`` only if the block succeeds.

    The folder must exist. On Linux the file has no name until then, so a killed process leaves no
    temporary file. ``durable=False`` saves two waits for the disk; use it for files whose loss in
    a power cut is harmless. Raise OSError with the file's name.
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
        # The error of a full disk names no file; the calls above name one relative to the folder.
        if not os.path.isabs(error.filename or ""):
            error.filename = str(path)
        raise
    finally:
        os.close(folder)


def _open_new(name: str, folder: int) -> tuple[BinaryIO, str | None]:
    """Open a new file in ``folder``; return it and its temporary name, None if it has no name."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
        with suppress(OSError):  # some file systems do not support files without a name
            unnamed = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o666, dir_fd=folder)
            return os.fdopen(unnamed, "wb"), None
    temporary = _temporary_name(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(temporary, flags, 0o666, dir_fd=folder), "wb"), temporary


def _link(file: BinaryIO, name: str, folder: int) -> str | None:
    """Name an unnamed file ``name``; if that exists, use and return a temporary name instead."""
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
    """Wait until an open file or folder is on disk; raise OSError if the write fails."""
    if sys.platform == "darwin":  # fsync on macOS only reaches the cache of the drive
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the entries of ``folder`` are on disk; raise OSError if the write fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def create_folders(folder: Path) -> None:
    """Create ``folder`` and its missing parents, durably; raise OSError as `create_folder` does."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        create_folder(path)


def create_folder(folder: Path) -> None:
    """Create ``folder`` if it is missing, durably.

    Raise OSError if its parent is missing, or if ``folder`` is a link or not a folder.
    """
    with suppress(FileExistsError):
        folder.mkdir()
        sync_folder(folder.parent)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def remove_file(path: Path) -> None:
    """Remove a file if it exists, durably."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove ``folder`` and its content, durably; raise OSError, also if it is missing.

    The folder is first renamed to ``.NAME.deleted``. An interrupted removal leaves that folder,
    never an incomplete ``folder``.
    """
    renamed = folder.with_name(f".{folder.name}.deleted")
    folder.rename(renamed)
    sync_folder(renamed.parent)
    shutil.rmtree(renamed)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` atomically.

    Parameters
    ----------
    path : Path
        File to write or replace; its folder must exist.
    content : bytes
        Complete content of the file.
    durable : bool, default True
        Wait until the file is on disk; see `atomic_file`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with atomic_file(path, durable=durable) as file:
        file.write(content)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write ``text`` as UTF-8 atomically.

    Parameters
    ----------
    path : Path
        File to write or replace; its folder must exist.
    text : str
        Complete content of the file.
    durable : bool, default True
        Wait until the file is on disk; see `atomic_file`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_bytes(path, text.encode(), durable=durable)


def write_json(path: Path, values: Any, *, durable: bool = True) -> None:
    """Write ``values`` as JSON atomically.

    Parameters
    ----------
    path : Path
        File to write or replace; its folder must exist.
    values : Any
        Value that the standard library's `json` can encode.
    durable : bool, default True
        Wait until the file is on disk; see `atomic_file`.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If ``values`` has no JSON form.
    """
    write_text(path, json.dumps(values), durable=durable)


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays as one compressed NumPy archive (npz), atomically and durably.

    Raise OSError if the file cannot be written, ValueError for an array of Python objects.
    """
    with atomic_file(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


# --- reading ---


def open_regular(path: Path, max_bytes: int) -> BinaryIO:
    """Open a regular file of at most ``max_bytes`` bytes for reading.

    Raise OSError for a larger file, a symbolic link, a folder or a device. Opening never blocks,
    not even on a named pipe.
    """
    return _regular(os.open(path, _NO_LINK | os.O_NONBLOCK), path, max_bytes)


def open_inside(folder: Path, *names: str, max_bytes: int) -> BinaryIO:
    """Open a regular file below ``folder`` for reading, without following any symbolic link.

    Each path component is opened relative to its parent, so the check holds even if a component
    is replaced at the same time.

    Parameters
    ----------
    folder : Path
        Folder to start from; not a symbolic link.
    *names : str
        Names of the folders below ``folder``, then the name of the file.
    max_bytes : int
        Largest accepted size of the file in bytes.

    Returns
    -------
    BinaryIO
        The open file.

    Raises
    ------
    OSError
        If the file is missing, larger, not a regular file, or any component is a link.
    """
    *folders, file_name = names
    descriptor = os.open(folder, _NO_LINK | os.O_DIRECTORY)
    try:
        for name in folders:
            inner = os.open(name, _NO_LINK | os.O_DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        file = os.open(file_name, _NO_LINK | os.O_NONBLOCK, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    return _regular(file, folder.joinpath(*names), max_bytes)


def _regular(descriptor: int, path: Path, max_bytes: int) -> BinaryIO:
    """Return ``descriptor`` as a file; close it and raise OSError if it fails the checks."""
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > max_bytes:
            too_large = f"{status.st_size:,} bytes, of which at most {max_bytes:,} are read"
            raise OSError(errno.EFBIG, too_large, str(path))
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a regular file of at most ``max_bytes``; raise OSError as `open_regular` does."""
    with open_regular(path, max_bytes) as file:
        return file.read(max_bytes)  # the file may have grown since its size was checked


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; return {} if the file is missing, unreadable or not a JSON object."""
    try:
        values = json.loads(read_bytes(path, MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def read_arrays(path: Path, *names: str) -> tuple[NDArray[Any], ...]:
    """Read arrays from a NumPy archive (npz), in the order of ``names``.

    Raise KeyError for a name that is not in the archive. A damaged archive raises one of many
    exceptions, among them BadZipFile, ValueError, EOFError and OSError.
    """
    # Read each member to its end, where zipfile checks the CRC. np.load stops at the length in
    # the array's header.
    with zipfile.ZipFile(path) as archive:
        members = [io.BytesIO(archive.read(f"{name}.npy")) for name in names]
    return tuple(np.lib.format.read_array(member, allow_pickle=False) for member in members)
