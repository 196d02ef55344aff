"""A real small disk, to fill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A file system of its own at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / ".filler"

    def leave(self, free: int) -> None:
        """Fill the disk until ``free`` bytes are left, or less than a page more."""
        self._filler.unlink(missing_ok=True)
        found = os.statvfs(self.path)
        take = found.f_bavail * found.f_frsize - free
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, take)

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk mounted at ``path``, which is made; skips the test where that is not allowed."""
    path.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("a small disk cannot be mounted here: there is no mount command")
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here: that takes a system administrator")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=True)
