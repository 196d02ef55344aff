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
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from core.runs.codec import decode, encode
from core.runs.consistency import Place
from core.runs.events import CycleDone, Event, NightDone, NightFailed, NightStarted, NightStopped
from core.runs.folder import RunFolder
from core.runs.limits import UNKNOWN, Limits
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum, finite, strip_checksum
from core.support.errors import LogError
from core.support.files import make_folder, open_inside, sync, sync_folder, write_arrays
from core.support.text import shorten

LOG = "events.jsonl"
ARRAYS = "arrays"
_PART_BYTES = 1_000_000

# What others rely on as soon as it is written: a finished cycle, and every end of a night.
_DURABLE = (CycleDone, NightDone, NightStopped, NightFailed)


class Rules(Protocol):
    """Which events may follow in a log, and how many."""

    @property
    def limits(self) -> Limits: ...

    def after(self, event: Event) -> "Rules":
        """The rules for what follows ``event``; raises ValueError if ``event`` is not allowed."""


class AnyEvents:
    """The rules of a log that may hold any events in any order."""

    limits = UNKNOWN

    def after(self, event: Event) -> "AnyEvents":
        return self


class LogReader:
    """Reads a folder's events as they come; each call of `read` returns those since the last.

    Checks that each line is whole and an event; `RunReader` also checks that the events are those
    of the run.
    """

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self._folder = folder
        self._rules = rules or AnyEvents()
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
            with open_inside(self._folder, LOG, max_bytes=sys.maxsize) as file:
                return self._read(file)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LogError(f"{log} cannot be read ({error.strerror or error}).") from None

    def copy(self, target: IO[bytes]) -> None:
        """Write the lines that were read to ``target``, as they are; raises OSError."""
        if not self.offset:
            return  # a run that has not begun has no log
        with open_inside(self._folder, LOG, max_bytes=sys.maxsize) as file:
            left = self.offset
            while left and (part := file.read(min(left, _PART_BYTES))):
                target.write(part)
                left -= len(part)

    def _read(self, file: BinaryIO) -> list[Event]:
        offset, number, crc, rules = self.offset, self.lines, self.crc, self._rules
        found = []
        file.seek(offset)
        while line := file.readline(rules.limits.line_bytes):
            if not line.endswith(b"\n"):
                if len(line) == rules.limits.line_bytes:
                    raise self._error(number + 1, "it is longer than a line of this run can be")
                break  # torn: its rest is still to come
            number += 1
            offset += len(line)
            if number > rules.limits.lines or offset > rules.limits.log_bytes:
                raise self._error(number, "the log is longer than that of this run can be")
            try:
                event, crc = self._decode(line[:-1], number, crc, rules.limits)
                rules = rules.after(event)
            except (ValueError, RecursionError) as error:
                raise self._error(number, str(error)) from None
            found.append(event)
        self.offset, self.lines, self.crc, self._rules = offset, number, crc, rules
        return found

    def _decode(self, line: bytes, number: int, before: int, limits: Limits) -> tuple[Event, int]:
        text, crc = strip_checksum(line, before)
        record = json.loads(text, parse_float=finite, parse_constant=finite)
        if not isinstance(record, dict):
            raise ValueError("it is not an event of a run")
        if "arrays" not in record:
            return decode(record, None, limits), crc
        own = _arrays_of(number)
        if record.pop("arrays") != own:
            raise ValueError(f"its arrays are not named {own}, as those of this line are")
        return decode(record, self._folder / ARRAYS / own, limits), crc

    def _error(self, line: int, what: str) -> LogError:
        return LogError(f"{self._folder / LOG}, line {line}: {shorten(what)}.")


class RunReader(LogReader):
    """Reads the events of a run, and checks each against the run's config and those before it.

    The config is that of the run's record, where it is not given. Where that cannot be read it is
    the log's own, so that what is shown of the run agrees with itself.
    """

    def __init__(self, folder: Path, config: RunConfig | None = None) -> None:
        super().__init__(folder)
        self._given = config

    def read(self) -> list[Event]:
        """As `LogReader.read`; raises `LogError` also for an event that the run cannot have."""
        if not self.lines:
            self._rules = Place.start(self._given or self._config())
        return [_with_all_settings(event) for event in super().read()]

    def _config(self) -> RunConfig | None:
        try:
            return RunFolder(self._folder).record().config
        except LogError:
            return None


def _with_all_settings(event: Event) -> Event:
    """``event`` with all of today's settings: those that it lacks have their defaults."""
    if not isinstance(event, NightStarted):
        return event
    return replace(event, config=RunConfig.from_dict(event.config).to_dict())


def _arrays_of(line: int) -> str:
    """The name of the file with the arrays of a line; ``line`` counts from 1."""
    return f"{line - 1:06d}.npz"


class RunLog:
    """Appends events to a folder's log. One process at a time may hold one: see `store.locks`.

    ``earlier`` holds the events that the log had already, as ``reader`` finds them (default: a
    `RunReader`). Raises `LogError` when those are damaged, for nothing may be written behind them
    then, and OSError where ``folder`` is missing or cannot be written.
    """

    def __init__(self, folder: Path, reader: LogReader | None = None) -> None:
        make_folder(folder / ARRAYS)
        reader = reader or RunReader(folder)
        self.earlier = tuple(reader.read())
        self._folder = folder
        self._crc, self._lines, self._end = reader.crc, reader.lines, reader.offset
        self._file = _open_to_append(folder / LOG)
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
            name = _arrays_of(self._lines + 1)
            write_arrays(self._folder / ARRAYS / name, **arrays)
            record["arrays"] = name
        line, crc = add_checksum(record, self._crc)
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


def _open_to_append(path: Path) -> BinaryIO:
    """Open the regular file ``path``, which is made if need be, and which must not be a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return open(descriptor, "ab", buffering=0)
