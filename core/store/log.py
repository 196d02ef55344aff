"""A run's events on disk: a folder with an append-only ``events.jsonl`` and its arrays.

Arrays are on disk before the line that names them, so that a reader never sees a line whose
arrays are not there, also after a power cut. The lines themselves are on disk at the end of each
cycle and at every end of a night: a power cut costs the cycle in progress. The reader goes on from
a byte offset; a torn last line waits for its rest, a corrupt line in the middle is an error that
names file and line.
"""

import errno
import json
import os
from pathlib import Path

from core.errors import LogError
from core.events import CycleDone, Event, NightDone, NightFailed, NightStopped
from core.files import make_folder, sync, sync_folder, write_arrays
from core.store.codec import decode, encode, finite
from core.store.sealed import seal, unseal

LOG = "events.jsonl"
ARRAYS = "arrays"

# What others rely on as soon as it is written: a finished cycle, and every end of a night.
_DURABLE = (CycleDone, NightDone, NightStopped, NightFailed)


class RunReader:
    """Reads a folder's events as they come; each call of `read` returns those since the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.offset = 0  # bytes read, all of whole lines
        self.lines = 0
        self.crc = 0  # of the last line

    def read(self) -> list[Event]:
        """All whole events since the last call, [] where there are none yet.

        Raises `LogError` for a line that is not what was written, and for a log that cannot be
        read at all; the next call starts at the same place again.
        """
        log = self._folder / LOG
        try:
            with log.open("rb") as file:
                file.seek(self.offset)
                text = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LogError(f"{log} cannot be read ({error.strerror or error}).") from None
        crc = self.crc
        found = []
        whole = text[: text.rfind(b"\n") + 1]
        for number, line in enumerate(whole.split(b"\n")[:-1], start=self.lines + 1):
            event, crc = self._decode(line, number, crc)
            found.append(event)
        self.offset += len(whole)
        self.lines += len(found)
        self.crc = crc
        return found

    def _decode(self, line: bytes, number: int, before: int) -> tuple[Event, int]:
        try:
            text, crc = unseal(line, before)
            record = json.loads(text, parse_float=finite, parse_constant=finite)
            if not isinstance(record, dict):
                raise ValueError("it is not an event of a run")
            arrays = self._folder / ARRAYS / str(record.pop("arrays", ""))
            return decode(record, arrays), crc
        except (ValueError, RecursionError) as error:
            raise LogError(f"{self._folder / LOG}, line {number}: {error}.") from None


class RunLog:
    """Appends events to a folder's log. One process at a time may hold one: see `store.locks`.

    ``earlier`` holds the events that the log had already. Raises `LogError` when those are
    damaged, for nothing may be written behind them then, and OSError where ``folder`` is missing
    or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder / ARRAYS)
        reader = RunReader(folder)
        self.earlier = tuple(reader.read())
        self._folder = folder
        self._crc, self._lines, self._end = reader.crc, reader.lines, reader.offset
        self._file = (folder / LOG).open("ab", buffering=0)
        # A process that was killed may have left half a line, which nobody has read.
        self._file.truncate(self._end)
        sync_folder(folder)

    def append(self, event: Event) -> None:
        """Write the event's arrays durably, then its line.

        The end of a cycle and of a night are on disk, with all lines before them, on return.
        Raises OSError for a full disk and the like.
        """
        record, arrays = encode(event)
        if arrays:
            name = f"{self._lines:06d}.npz"
            write_arrays(self._folder / ARRAYS / name, **arrays)
            record["arrays"] = name
        line, crc = seal(record, self._crc)
        text = line.encode() + b"\n"
        try:
            if os.write(self._file.fileno(), text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.truncate(self._end)  # so that a later line does not follow half a one
            raise
        self._crc, self._lines, self._end = crc, self._lines + 1, self._end + len(text)
        if isinstance(event, _DURABLE):
            sync(self._file.fileno())

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
