"""Files that are either whole or absent."""

import io
import json
import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, renamed onto it only if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays as one compressed archive, whole or not at all."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path: Path, *names: str) -> tuple[NDArray[Any], ...]:
    """The named arrays of an archive; a damaged one raises a dozen kinds of error."""
    # Read to their ends, where the checksums are: np.load stops where the array itself says so.
    with zipfile.ZipFile(path) as archive:
        parts = [io.BytesIO(archive.read(f"{name}.npy")) for name in names]
    return tuple(np.lib.format.read_array(part, allow_pickle=False) for part in parts)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, values: Any) -> None:
    """Write ``values`` as JSON, whole or not at all."""
    write_text(path, json.dumps(values))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``; {} if there is none or it is not one."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
