"""A small file system that tests can fill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A separate file system mounted at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / ".filler"

    def fill(self, free: int) -> None:
        """Fill the disk until ``free`` bytes are left, rounded up by less than one page."""
        self._filler.unlink(missing_ok=True)
        status = os.statvfs(self.path)
        size = status.f_bavail * status.f_frsize - free
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def remove_filler(self) -> None:
        """Undo `fill`."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """Mount a file system of this size at ``path``; skip the test where that is not permitted."""
    path.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(path)]
    try:
        mount = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("a small disk cannot be mounted: there is no mount command")
    if mount.returncode:
        pytest.skip("a small disk cannot be mounted: that needs administrator rights")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=True)
