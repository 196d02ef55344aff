"""A logging filter that writes a repeated fault once a minute, with the number of repetitions."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL_S = 60.0
_MAX_LENGTH = 2_000  # characters of a message, which may quote what a client sent

# Path and line of the logging call, type and line of the exception. The message is left out,
# because a client can vary it without end.
_Origin = tuple[str, int, str, int]


@dataclass
class _Repetitions:
    since: float
    dropped: int = 0


class RepetitionFilter(logging.Filter):
    """Pass on the first warning or error from each line of code, and count its repetitions.

    The next one after ``interval_s`` seconds passes with the count. ``clock`` returns the time in
    seconds.
    """

    def __init__(
        self, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._interval_s = interval_s
        self._clock = clock
        self._lock = threading.Lock()
        self._repetitions: dict[_Origin, _Repetitions] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the record; shorten its message and add the count."""
        if record.levelno < logging.WARNING:
            return True
        now = self._clock()
        origin = _origin(record)
        with self._lock:
            previous = self._repetitions.get(origin)
            if previous is not None and now - previous.since < self._interval_s:
                previous.dropped += 1
                return False
            self._repetitions[origin] = _Repetitions(now)
        message = record.getMessage()
        if len(message) > _MAX_LENGTH:
            message = f"{message[: _MAX_LENGTH - 1]}…"
        if previous is not None and previous.dropped:
            seconds = round(now - previous.since)
            message += f" ({previous.dropped} more like this in the last {seconds} s)"
        record.msg, record.args = message, ()
        return True


def install_filter() -> None:
    """Add one `RepetitionFilter` to every logger that exists now; later loggers are unaffected."""
    repetition_filter = RepetitionFilter()
    logging.getLogger().addFilter(repetition_filter)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.addFilter(repetition_filter)


def _origin(record: logging.LogRecord) -> _Origin:
    """Return the line that logged, and the type and innermost line of the exception, if any."""
    if not record.exc_info or record.exc_info[0] is None:
        return record.pathname, record.lineno, "", 0
    exception_type, _, traceback = record.exc_info
    line = 0
    while traceback is not None:
        line, traceback = traceback.tb_lineno, traceback.tb_next
    return record.pathname, record.lineno, exception_type.__qualname__, line
