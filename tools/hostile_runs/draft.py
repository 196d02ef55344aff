"""A run as it is written, line by line, so that each of its parts can be made odd first."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.runs.codec import encode
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum, write_checked_json
from tools.sample_runs import made_night

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
SECRET = np.full((1, 2, 28, 28), 77, np.uint8)  # pixels of a file that no run may show

Record = dict[str, Any]


@dataclass
class Draft:
    """A run that is done, in its parts; `write` makes it a folder.

    ``lines`` are the events as JSON values, ``arrays`` those of each. ``outside`` is a folder with
    files that are none of the run's.
    """

    folder: Path
    outside: Path
    config: RunConfig = CONFIG
    lines: list[Record] = field(default_factory=list)
    arrays: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    record: Record = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, event in enumerate(made_night(self.config)):
            line, arrays = encode(event)
            if arrays:
                line["arrays"] = f"{number:06d}.npz"
            self.lines.append(json.loads(json.dumps(line)))
            self.arrays.append(arrays)
        self.record = {
            "schema": 1,
            "run": self.folder.name,
            "submitted": "2026-01-02T03:04:05+00:00",
            "person": "somebody",
            "threads": 1,
            "config": self.config.to_dict(),
            "versions": {"python": "3.11"},
            "device": "cpu",
            "weights": asdict(made_night(self.config)[0].weights),  # type: ignore[union-attr]
        }

    def line(self, kind: str, number: int = 0) -> Record:
        """The line of the ``number``-th event of a kind."""
        return [line for line in self.lines if line["kind"] == kind][number]

    def place(self, kind: str, number: int = 0) -> int:
        """Where that line is."""
        wanted = self.line(kind, number)
        return next(place for place, line in enumerate(self.lines) if line is wanted)

    def array_file(self) -> Path:
        """The file with the dreams that the page shows first, those of the last cycle."""
        return self.folder / "arrays" / f"{self.place('DreamsMade', 1):06d}.npz"

    def cut(self, kind: str, number: int = 0) -> None:
        """End the log behind an event."""
        end = self.place(kind, number) + 1
        del self.lines[end:], self.arrays[end:]

    def put(self, place: int, **line: Any) -> None:
        """Put a line without arrays before the one at ``place``; those that follow keep theirs."""
        self.lines.insert(place, line)
        self.arrays.insert(place, {})
        self._name_arrays()

    def drop(self, kind: str, number: int = 0) -> None:
        """Leave an event out."""
        place = self.place(kind, number)
        del self.lines[place], self.arrays[place]
        self._name_arrays()

    def double(self, kind: str, number: int = 0) -> None:
        """Write an event twice."""
        place = self.place(kind, number)
        self.lines.insert(place, dict(self.lines[place]))
        self.arrays.insert(place, self.arrays[place])
        self._name_arrays()

    def write(self) -> None:
        """Write the run."""
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

    def _name_arrays(self) -> None:
        for number, (line, arrays) in enumerate(zip(self.lines, self.arrays, strict=True)):
            if arrays:
                line["arrays"] = f"{number:06d}.npz"


Case = Callable[[Draft], None]  # writes the run
