"""A fault that repeats is logged once a minute, with the number of times it came."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 60.0
_LONGEST = 2_000  # characters of a message, which may quote what an outsider sent

# Where a record comes from. What it says is left out: an outsider can vary that without end.
_Place = tuple[str, int, str, int]


@dataclass
class _Repeats:
    since: float
    left_out: int = 0


class OnceAMinute(logging.Filter):
    """Lets the first warning or error from each place in the code through, then counts the others.

    The next one after ``every_s`` seconds is let through with the count.
    """

    def __init__(
        self, every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[_Place, _Repeats] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now = self._clock()
        with self._lock:
            known = self._known.get(_place(record))
            if known is not None and now - known.since < self._every_s:
                known.left_out += 1
                return False
            self._known[_place(record)] = _Repeats(now)
        message = record.getMessage()
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST - 1]}…"
        if known is not None and known.left_out:
            seconds = round(now - known.since)
            message += f" ({known.left_out} more like this in the last {seconds} s)"
        record.msg, record.args = message, ()
        return True


def install() -> None:
    """Add one such filter to every logger that exists now; later ones log as ever."""
    once = OnceAMinute()
    logging.getLogger().addFilter(once)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.addFilter(once)


def _place(record: logging.LogRecord) -> _Place:
    """The line that logged, and the exception's type and line, where there is one."""
    if not record.exc_info or record.exc_info[0] is None:
        return record.pathname, record.lineno, "", 0
    kind, _, trace = record.exc_info
    line = 0
    while trace is not None:
        line, trace = trace.tb_lineno, trace.tb_next
    return record.pathname, record.lineno, kind.__qualname__, line
