"""A run's events on disk: a folder with an append-only ``events.jsonl`` and the events' arrays.

The arrays of an event are on disk before its line, so that a reader never sees a line whose arrays
are missing, not even after a power cut. The lines are synchronised to disk at the end of each
cycle and of each night: a power cut costs the cycle in progress. A reader continues from a byte
offset. It waits for the rest of a torn last line; a corrupt line in the middle is an error that
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
from core.runs.consistency import LogPosition
from core.runs.events import CycleDone, Event, NightDone, NightFailed, NightStarted, NightStopped
from core.runs.folder import RunFolder
from core.runs.limits import UNKNOWN_CONFIG, Limits
from core.schedule.config import RunConfig
from core.support.checksums import add_checksum, parse_finite_float, strip_checksum
from core.support.errors import LogError
from core.support.files import create_folder, open_inside, sync, sync_folder, write_arrays
from core.support.text import shorten

LOG = "events.jsonl"
ARRAYS = "arrays"
_CHUNK_BYTES = 1_000_000

# Other processes rely on these as soon as they are written.
_DURABLE = (CycleDone, NightDone, NightStopped, NightFailed)


class EventRules(Protocol):
    """Which events may follow in a log, and how large the log may be."""

    @property
    def limits(self) -> Limits: ...

    def after(self, event: Event) -> "EventRules":
        """Return the rules after ``event``; raise ValueError if ``event`` is not allowed."""


class AnyEvents:
    """The rules of a log that may hold any events in any order."""

    limits = UNKNOWN_CONFIG

    def after(self, event: Event) -> "AnyEvents":
        return self


class LogReader:
    """Reads the events of a folder's log; every call of `read` returns the new ones.

    It checks that each line is whole and describes an event. `RunReader` also checks the events
    against the run.

    Attributes
    ----------
    offset : int
        Bytes read, all of whole lines.
    lines : int
        Number of lines read.
    crc : int
        Checksum of the last line read.
    """

    def __init__(self, folder: Path, rules: EventRules | None = None) -> None:
        self._folder = folder
        self._rules = rules or AnyEvents()
        self.offset = 0
        self.lines = 0
        self.crc = 0

    def read(self) -> list[Event]:
        """Return all whole events since the last call, [] if the log does not exist yet.

        Raises `LogError` if a line is corrupt or the log cannot be read; the next call then starts
        from the same offset.
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
        """Copy the lines that were read, unchanged, to ``target``; raises OSError."""
        if not self.offset:
            return  # a run that has not started has no log
        with open_inside(self._folder, LOG, max_bytes=sys.maxsize) as file:
            remaining = self.offset
            while remaining and (chunk := file.read(min(remaining, _CHUNK_BYTES))):
                target.write(chunk)
                remaining -= len(chunk)

    def _read(self, file: BinaryIO) -> list[Event]:
        offset, number, crc, rules = self.offset, self.lines, self.crc, self._rules
        events = []
        file.seek(offset)
        while line := file.readline(rules.limits.line_bytes):
            if not line.endswith(b"\n"):
                if len(line) == rules.limits.line_bytes:
                    raise self._error(number + 1, "it is longer than a line of this run can be")
                break  # torn: its rest is not written yet
            number += 1
            offset += len(line)
            if number > rules.limits.lines or offset > rules.limits.log_bytes:
                raise self._error(number, "the log is longer than the log of this run can be")
            try:
                event, crc = self._decode(line[:-1], number, crc, rules.limits)
                rules = rules.after(event)
            except (ValueError, RecursionError) as error:
                raise self._error(number, str(error)) from None
            events.append(event)
        self.offset, self.lines, self.crc, self._rules = offset, number, crc, rules
        return events

    def _decode(
        self, line: bytes, number: int, previous_crc: int, limits: Limits
    ) -> tuple[Event, int]:
        text, crc = strip_checksum(line, previous_crc)
        record = json.loads(text, parse_float=parse_finite_float, parse_constant=parse_finite_float)
        if not isinstance(record, dict):
            raise ValueError("it is not an event of a run")
        if "arrays" not in record:
            return decode(record, None, limits), crc
        expected = _array_file_name(number)
        if record.pop("arrays") != expected:
            raise ValueError(f"it does not name {expected} as the file of its arrays")
        return decode(record, self._folder / ARRAYS / expected, limits), crc

    def _error(self, line: int, reason: str) -> LogError:
        return LogError(f"{self._folder / LOG}, line {line}: {shorten(reason)}.")


class RunReader(LogReader):
    """Reads the events of a run and checks each against the run's config and the events before it.

    Without ``config`` the reader takes the config of the run's record. If the record cannot be
    read, it takes the config in the log, so that the events at least agree with each other.
    """

    def __init__(self, folder: Path, config: RunConfig | None = None) -> None:
        super().__init__(folder)
        self._given = config

    def read(self) -> list[Event]:
        """As `LogReader.read`; raises `LogError` also for an event that the run cannot have."""
        if not self.lines:
            self._rules = LogPosition.start(self._given or self._recorded_config())
        return [_with_all_settings(event) for event in super().read()]

    def _recorded_config(self) -> RunConfig | None:
        try:
            return RunFolder(self._folder).record().config
        except LogError:
            return None


def _with_all_settings(event: Event) -> Event:
    """Add the defaults of settings that did not exist yet when the event was written."""
    if not isinstance(event, NightStarted):
        return event
    return replace(event, config=RunConfig.from_dict(event.config).to_dict())


def _array_file_name(line: int) -> str:
    """Return the name of the file with the arrays of a line; lines count from 1."""
    return f"{line - 1:06d}.npz"


class RunLog:
    """Appends events to a folder's log. Only the process that holds the run's lock may do so.

    ``reader`` reads the events that are in the log already (default: a `RunReader`). Raises
    `LogError` if these are damaged, because nothing may be appended to a damaged log, and OSError
    if ``folder`` is missing or not writable.

    Attributes
    ----------
    earlier : tuple of Event
        The events that were in the log already.
    """

    def __init__(self, folder: Path, reader: LogReader | None = None) -> None:
        create_folder(folder / ARRAYS)
        reader = reader or RunReader(folder)
        self.earlier_events = tuple(reader.read())
        self._folder = folder
        self._crc, self._lines, self._end = reader.crc, reader.lines, reader.offset
        self._file = _open_to_append(folder / LOG)
        # A process that was killed may have left an incomplete line.
        self._file.truncate(self._end)
        sync_folder(folder)

    def append(self, event: Event) -> None:
        """Write the event's arrays to disk, then its line.

        After the end of a cycle or of a night, all lines are on disk on return. Raises OSError,
        for example if the disk is full.
        """
        record, arrays = encode(event)
        if arrays:
            name = _array_file_name(self._lines + 1)
            write_arrays(self._folder / ARRAYS / name, **arrays)
            record["arrays"] = name
        line, crc = add_checksum(record, self._crc)
        text = line.encode() + b"\n"
        try:
            if os.write(self._file.fileno(), text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.truncate(self._end)  # the next line must not follow an incomplete one
            raise
        self._crc, self._lines, self._end = crc, self._lines + 1, self._end + len(text)
        if isinstance(event, _DURABLE):
            sync(self._file.fileno())

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


def _open_to_append(path: Path) -> BinaryIO:
    """Open or create the regular file ``path``; raises OSError if it is a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return open(descriptor, "ab", buffering=0)
