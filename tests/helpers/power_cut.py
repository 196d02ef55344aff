"""A model of a power cut: which file contents and which names a disk is certain to have.

Only what was synced counts: a file's content from ``fsync`` of the file, a name from ``fsync`` of
its folder. Everything else may or may not survive a power cut, each piece by itself.
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

# Replaced all the time; their loss costs nothing.
VOLATILE = ("heartbeat.json", "state.json")


class Disk:
    """Watches this process write below ``root`` and notes what names what is not yet durable.

    ``violations`` holds a sentence for each; ``operations`` all that was seen, in order.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.operations: list[str] = []
        self.violations: list[str] = []
        self._contents: dict[int, int] = {}  # inode -> checksum of the content on disk
        self._names: dict[int, dict[str, int]] = {}  # folder's inode -> its names on disk
        for name in ("fsync", "write", "replace", "rename", "link", "unlink"):
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    def durable(self, path: Path) -> bool:
        """Whether ``path`` survives a power cut as it is now, with all folders above it."""
        content = path.is_dir() or self._contents.get(path.stat().st_ino) == _checksum(path)
        return content and self.named(path)

    def named(self, path: Path) -> bool:
        """Whether the name ``path`` leads to the same file or folder after a power cut."""
        if path == self.root:
            return True
        names = self._names.get(path.parent.stat().st_ino, {})
        return names.get(path.name) == path.stat().st_ino and self.named(path.parent)

    def gone(self, path: Path) -> bool:
        """Whether nothing is called ``path`` after a power cut."""
        return path.name not in self._names.get(path.parent.stat().st_ino, {})

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            paths = [_path(argument, options, n) for n, argument in enumerate(arguments[:2])]
            if name in ("fsync", "write"):
                paths = [Path(os.readlink(f"/proc/self/fd/{arguments[0]}"))]
            if not any(path.is_relative_to(self.root) for path in paths):
                return real(*arguments, **options)
            self.operations.append(f"{name} {' '.join(self._short(path) for path in paths)}")
            if name == "write":
                self._before_write(paths[0], arguments[1])
            elif name == "unlink":
                self._before_unlink(paths[0])
            elif name != "fsync":
                self._before_name(*paths)
            result = real(*arguments, **options)
            if name == "fsync":
                self._synced(arguments[0])
            return result

        return watched

    def _synced(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        place = Path(f"/proc/self/fd/{descriptor}")
        if place.is_dir():
            self._names[inode] = {entry.name: entry.inode() for entry in os.scandir(place)}
        else:
            self._contents[inode] = _checksum(place)

    # --- what each operation relies on ---

    def _before_write(self, path: Path, text: bytes) -> None:
        """A line of a log names arrays, and the end of a cycle names its checkpoint."""
        if path.name != LOG:
            return
        line, run = json.loads(text), path.parent
        if "arrays" in line:
            self._need(run / "arrays" / line["arrays"], f"the line {line['kind']}")
        if line["kind"] in ("CycleDone", "NightResumed") and (run / "checkpoints").exists():
            for suffix in (".json", ".safetensors"):
                checkpoint = run / "checkpoints" / f"cycle-{line['cycle']:06d}{suffix}"
                self._need(checkpoint, f"the line {line['kind']}")

    def _before_name(self, source: Path, target: Path) -> None:
        """A new name must lead to content that is on disk, and to all that this content names."""
        if target.name.startswith(".") or target.name in VOLATILE:
            return  # a name that nobody looks for
        place = f"the name {self._short(target)}"
        if source.is_dir():
            for file in source.rglob("*"):
                self._need(file, place, above=source)
        elif self._contents.get(source.stat().st_ino) != _checksum(source):
            self.violations.append(f"{place} leads to content that is not on disk")
        if target.suffix == ".json" and target.parent.name == "checkpoints":
            self._need(target.with_suffix(".safetensors"), place)
        if target.parent == queue_folder():
            self._need(runs_dir() / target.name / "config.json", place)
            if not self.gone(runs_dir() / target.name / "stop"):
                self.violations.append(f"{place} is there with a stop of before")

    def _before_unlink(self, path: Path) -> None:
        """What takes a file's place must be on disk before the file goes."""
        place = f"the removal of {self._short(path)}"
        run = runs_dir() / path.name
        if path.parent == queue_folder() and run.is_dir():
            self._need(run / LOG, place)
        doomed = next((part for part in path.parts if part.endswith(".deleted")), None)
        if doomed is not None:
            if not self.gone(runs_dir() / doomed.removeprefix(".").removesuffix(".deleted")):
                self.violations.append(f"{place} while the run's own name may come back")
        elif path.parent.name == "checkpoints" and not path.name.startswith("."):
            newest = max(path.parent.glob("cycle-*.json"))
            self._need(newest, place)
            self._need(newest.with_suffix(".safetensors"), place)

    def _need(self, path: Path, place: str, above: Path | None = None) -> None:
        root, self.root = self.root, above or self.root
        if not (path.exists() and self.durable(path)):
            self.violations.append(f"{place} relies on {path.name}, which is not on disk")
        self.root = root

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def _path(argument: Any, options: dict[str, Any], place: int) -> Path:
    """A path that a system call was given, also where it is relative to an open folder."""
    names = ("dir_fd",) if "dir_fd" in options else ("src_dir_fd", "dst_dir_fd")
    folder = options.get(names[min(place, len(names) - 1)])
    path = Path(argument) if isinstance(argument, (str, Path)) else Path("/")
    if folder is not None and not path.is_absolute():
        return Path(os.readlink(f"/proc/self/fd/{folder}")) / path
    return path


def _checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())
