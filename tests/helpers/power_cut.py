"""A model of a power cut: which file contents and which names survive with certainty.

Only synced data counts: the content of a file after ``fsync`` of the file, a name after ``fsync``
of its folder. Everything else may or may not survive a power cut, each item independently.
"""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.queue.paths import queue_folder
from core.runs.folder import runs_dir
from core.runs.log import LOG

# Files that are replaced continuously; losing one does no harm.
VOLATILE = ("heartbeat.json", "state.json")


class Disk:
    """Records this process' file operations below ``root`` and checks what each relies on.

    ``operations`` lists all operations in order. ``violations`` has a sentence for each operation
    that relies on content or a name that is not durable yet.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.operations: list[str] = []
        self.violations: list[str] = []
        self._contents: dict[int, int] = {}  # inode -> checksum of the content on disk
        self._names: dict[int, dict[str, int]] = {}  # inode of a folder -> its names on disk
        for name in ("fsync", "write", "replace", "rename", "link", "unlink"):
            monkeypatch.setattr(os, name, self._recorded(name, getattr(os, name)))

    def is_durable(self, path: Path) -> bool:
        """Return whether ``path``, its content and all folders above it survive a power cut."""
        content = path.is_dir() or self._contents.get(path.stat().st_ino) == _checksum(path)
        return content and self.has_durable_name(path)

    def has_durable_name(self, path: Path) -> bool:
        """Return whether ``path`` names the same file or folder after a power cut."""
        if path == self.root:
            return True
        names = self._names.get(path.parent.stat().st_ino, {})
        is_named = names.get(path.name) == path.stat().st_ino
        return is_named and self.has_durable_name(path.parent)

    def is_durably_removed(self, path: Path) -> bool:
        """Return whether nothing is named ``path`` after a power cut."""
        return path.name not in self._names.get(path.parent.stat().st_ino, {})

    def _recorded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of `os` to record its calls and check what they rely on."""

        def recorded(*arguments: Any, **options: Any) -> Any:
            paths = [
                _path(argument, options, position)
                for position, argument in enumerate(arguments[:2])
            ]
            if name in ("fsync", "write"):
                paths = [Path(os.readlink(f"/proc/self/fd/{arguments[0]}"))]
            if not any(path.is_relative_to(self.root) for path in paths):
                return function(*arguments, **options)
            self.operations.append(f"{name} {' '.join(self._short(path) for path in paths)}")
            if name == "write":
                self._check_write(paths[0], arguments[1])
            elif name == "unlink":
                self._check_unlink(paths[0])
            elif name != "fsync":
                self._check_new_name(*paths)
            result = function(*arguments, **options)
            if name == "fsync":
                self._record_sync(arguments[0])
            return result

        return recorded

    def _record_sync(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        path = Path(f"/proc/self/fd/{descriptor}")
        if path.is_dir():
            self._names[inode] = {entry.name: entry.inode() for entry in os.scandir(path)}
        else:
            self._contents[inode] = _checksum(path)

    # --- what each operation relies on ---

    def _check_write(self, path: Path, text: bytes) -> None:
        """A line of a log names arrays; the line for the end of a cycle names its checkpoint."""
        if path.name != LOG:
            return
        line, run = json.loads(text), path.parent
        operation = f"the line {line['kind']}"
        if "arrays" in line:
            self._require_durable(run / "arrays" / line["arrays"], operation)
        if line["kind"] in ("CycleDone", "NightResumed") and (run / "checkpoints").exists():
            for suffix in (".json", ".safetensors"):
                checkpoint = run / "checkpoints" / f"cycle-{line['cycle']:06d}{suffix}"
                self._require_durable(checkpoint, operation)

    def _check_new_name(self, source: Path, target: Path) -> None:
        """The content behind a new name, and every file named in it, must be on disk."""
        if target.name.startswith(".") or target.name in VOLATILE:
            return  # no process reads these names after a power cut
        operation = f"the name {self._short(target)}"
        if source.is_dir():
            for file in source.rglob("*"):
                self._require_durable(file, operation, root=source)
        elif self._contents.get(source.stat().st_ino) != _checksum(source):
            self.violations.append(f"{operation} refers to content that is not on disk")
        if target.suffix == ".json" and target.parent.name == "checkpoints":
            self._require_durable(target.with_suffix(".safetensors"), operation)
        if target.parent == queue_folder():
            self._require_durable(runs_dir() / target.name / "config.json", operation)
            if not self.is_durably_removed(runs_dir() / target.name / "stop"):
                self.violations.append(f"{operation} exists with an earlier stop request")

    def _check_unlink(self, path: Path) -> None:
        """Whatever replaces a removed file must be on disk before the removal."""
        operation = f"the removal of {self._short(path)}"
        run = runs_dir() / path.name
        if path.parent == queue_folder() and run.is_dir():
            self._require_durable(run / LOG, operation)
        deleted = next((name for name in path.parts if name.endswith(".deleted")), None)
        if deleted is not None:
            original = runs_dir() / deleted.removeprefix(".").removesuffix(".deleted")
            if not self.is_durably_removed(original):
                self.violations.append(f"{operation} while the run's own name may reappear")
        elif path.parent.name == "checkpoints" and not path.name.startswith("."):
            newest = max(path.parent.glob("cycle-*.json"))
            self._require_durable(newest, operation)
            self._require_durable(newest.with_suffix(".safetensors"), operation)

    def _require_durable(self, path: Path, operation: str, root: Path | None = None) -> None:
        """Add a violation unless ``path`` is durable below ``root`` (default: the disk's root)."""
        disk_root, self.root = self.root, root or self.root
        if not (path.exists() and self.is_durable(path)):
            self.violations.append(f"{operation} relies on {path.name}, which is not on disk")
        self.root = disk_root

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def _path(argument: Any, options: dict[str, Any], position: int) -> Path:
    """Return the path at a position of a call's arguments, resolved against an open folder."""
    names = ("dir_fd",) if "dir_fd" in options else ("src_dir_fd", "dst_dir_fd")
    folder = options.get(names[min(position, len(names) - 1)])
    path = Path(argument) if isinstance(argument, (str, Path)) else Path("/")
    if folder is not None and not path.is_absolute():
        return Path(os.readlink(f"/proc/self/fd/{folder}")) / path
    return path


def _checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())
