"""Failures of runs: written to the run's log or, if that is impossible, to the engine's folder."""

import logging
from contextlib import suppress

from core.queue.paths import failure_file, reserved_space_file
from core.runs.events import NightFailed
from core.runs.folder import RunFolder
from core.runs.log import RunLog
from core.support.errors import SleepError
from core.support.files import create_folders, read_bytes, remove_file, write_bytes, write_text
from core.support.locks import acquire
from core.support.text import MAX_MESSAGE_LENGTH, shorten

_LONGEST_FILE = 100_000  # bytes
_RESERVED_BYTES = 65_536  # enough for a dozen sentences

_logger = logging.getLogger(__name__)


def record_failure(folder: RunFolder, sentence: str) -> None:
    """Write ``sentence`` as the last event of the run's log, or to a file in the engine's folder.

    The file is the fallback if another process holds the run's lock, or the log is damaged or
    cannot be written. On a full disk the reserved space is freed for it. No error is raised: the
    engine's output contains the sentence in any case. A deleted run is skipped.
    """
    sentence = shorten(sentence, MAX_MESSAGE_LENGTH)
    _logger.error("run %s failed: %s", folder.id, sentence)
    if not folder.path.is_dir():
        return
    try:
        lock = acquire(folder.lock)
        if lock is not None:
            with lock, RunLog(folder.path) as log:
                log.append(NightFailed(sentence))
            return
    except (SleepError, OSError):
        pass
    try:
        _write_failure(folder.id, sentence)
    except OSError:
        with suppress(OSError):  # if this fails too, only the engine's output has the sentence
            reserved_space_file().unlink()
            _write_failure(folder.id, sentence)


def reserve_space() -> None:
    """Create the file that `record_failure` deletes on a full disk. Raises OSError if it cannot."""
    if not reserved_space_file().exists():
        write_bytes(reserved_space_file(), bytes(_RESERVED_BYTES))


def _write_failure(run_id: str, sentence: str) -> None:
    create_folders(failure_file(run_id).parent)
    write_text(failure_file(run_id), sentence)


def read_failure(run_id: str) -> str | None:
    """Return the sentence that the run's log could not take, None if there is none."""
    try:
        return read_bytes(failure_file(run_id), _LONGEST_FILE).decode(errors="replace")
    except OSError:
        return None


def delete_failure(run_id: str) -> None:
    """Delete the run's failure file, if there is one, because the run is resumed or deleted."""
    remove_file(failure_file(run_id))
