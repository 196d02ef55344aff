"""Saying that a run failed, also when its own folder cannot take the sentence."""

import logging
from contextlib import suppress

from core.queue.paths import failure_file, reserved_space_file
from core.runs.events import NightFailed
from core.runs.folder import RunFolder
from core.runs.log import RunLog
from core.support.errors import SleepError
from core.support.files import make_folders, read_bytes, remove_file, write_bytes, write_text
from core.support.locks import acquire
from core.support.text import LONGEST_SENTENCE, shorten

_LARGEST = 100_000  # bytes of a sentence

_SPARE = 65_536  # bytes: a dozen sentences

_logger = logging.getLogger(__name__)


def record_failure(folder: RunFolder, sentence: str) -> None:
    """Write ``sentence`` as the end of the run's log, else beside the engine's own files."""
    sentence = shorten(sentence, LONGEST_SENTENCE)
    _logger.error("run %s failed: %s", folder.id, sentence)
    if not folder.path.is_dir():  # deleted meanwhile
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
        _write(folder.id, sentence)
    except OSError:
        with suppress(OSError):  # nothing at all can be written: the log above is all there is
            reserved_space_file().unlink()
            _write(folder.id, sentence)


def reserve_space() -> None:
    """Set room aside for the sentences of nights that fail on a full disk; raises OSError."""
    if not reserved_space_file().exists():
        write_bytes(reserved_space_file(), bytes(_SPARE))


def _write(run_id: str, sentence: str) -> None:
    make_folders(failure_file(run_id).parent)
    write_text(failure_file(run_id), sentence)


def read_failure(run_id: str) -> str | None:
    """The sentence that the run's own folder could not take, if there is one."""
    try:
        return read_bytes(failure_file(run_id), _LARGEST).decode(errors="replace")
    except OSError:
        return None


def delete_failure(run_id: str) -> None:
    """The run is to be tried again."""
    remove_file(failure_file(run_id))
