"""A run before it is written to disk, so that any part of it can be altered first."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.runs.codec import encode
from core.runs.events import NightStarted
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum, write_checked_json
from tools.sample_runs import night_events

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
SECRET = np.full((1, 2, 28, 28), 77, np.uint8)  # images of a file outside all runs

Record = dict[str, Any]


@dataclass
class Draft:
    """A finished run as JSON values and arrays; `write` writes it to disk.

    Attributes
    ----------
    folder : Path
        Folder that the run is written to.
    outside : Path
        Folder with files that do not belong to the run.
    config : RunConfig, default CONFIG
        Config of the run.
    lines : list of dict
        The events as JSON values.
    arrays : list of dict
        The arrays of each line, by name; {} for a line without arrays.
    record : dict
        JSON values of ``config.json``.
    """

    folder: Path
    outside: Path
    config: RunConfig = CONFIG
    lines: list[Record] = field(default_factory=list)
    arrays: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    record: Record = field(default_factory=dict)

    def __post_init__(self) -> None:
        events = night_events(self.config)
        for number, event in enumerate(events):
            line, arrays = encode(event)
            if arrays:
                line["arrays"] = f"{number:06d}.npz"
            self.lines.append(json.loads(json.dumps(line)))
            self.arrays.append(arrays)
        (night,) = (event for event in events if isinstance(event, NightStarted))
        self.record = {
            "schema": 1,
            "run": self.folder.name,
            "submitted": "2026-01-02T03:04:05+00:00",
            "person": "alice",
            "threads": 1,
            "config": self.config.to_dict(),
            "versions": {"python": "3.11"},
            "device": "cpu",
            "weights": asdict(night.weights),
        }

    def index(self, kind: str, number: int = 0) -> int:
        """Return the index of the line of an event, by its kind and its number among those."""
        return [i for i, line in enumerate(self.lines) if line["kind"] == kind][number]

    def line(self, kind: str, number: int = 0) -> Record:
        """Return the line of an event, as `index` finds it."""
        return self.lines[self.index(kind, number)]

    def array_file(self) -> Path:
        """Return the file of the last cycle's dreams, which the page shows first."""
        return self.folder / "arrays" / f"{self.index('DreamsMade', 1):06d}.npz"

    def end_after(self, kind: str, number: int = 0) -> None:
        """Remove all lines after an event."""
        end = self.index(kind, number) + 1
        del self.lines[end:], self.arrays[end:]

    def insert(self, index: int, **line: Any) -> None:
        """Insert a line without arrays; the following lines keep their arrays."""
        self.lines.insert(index, line)
        self.arrays.insert(index, {})
        self._name_array_files()

    def remove(self, kind: str, number: int = 0) -> None:
        """Remove an event."""
        index = self.index(kind, number)
        del self.lines[index], self.arrays[index]
        self._name_array_files()

    def duplicate(self, kind: str, number: int = 0) -> None:
        """Repeat an event."""
        index = self.index(kind, number)
        self.lines.insert(index, dict(self.lines[index]))
        self.arrays.insert(index, self.arrays[index])
        self._name_array_files()

    def write(self) -> None:
        """Write the run, with valid checksums, and the files outside it."""
        (self.folder / "arrays").mkdir(parents=True)
        self.outside.mkdir(exist_ok=True)
        np.savez_compressed(self.outside / "secret.npz", images=SECRET)
        for number, arrays in enumerate(self.arrays):
            if arrays:
                np.savez_compressed(self.folder / "arrays" / f"{number:06d}.npz", **arrays)
        write_checked_json(self.folder / "config.json", self.record)
        crc = 0
        with (self.folder / "events.jsonl").open("w") as log:
            for line in self.lines:
                text, crc = add_checksum(line, crc)
                log.write(text + "\n")

    def _name_array_files(self) -> None:
        for number, (line, arrays) in enumerate(zip(self.lines, self.arrays, strict=True)):
            if arrays:
                line["arrays"] = f"{number:06d}.npz"


Case = Callable[[Draft], None]  # alters a draft and writes it


def altered(change: Callable[[Draft], object]) -> Case:
    """Return a case that applies ``change`` to the draft and then writes it."""

    def case(draft: Draft) -> None:
        change(draft)
        draft.write()

    return case


def written(change: Callable[[Draft], object]) -> Case:
    """Return a case that writes the draft and then applies ``change`` to its files."""

    def case(draft: Draft) -> None:
        draft.write()
        change(draft)

    return case
