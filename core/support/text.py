"""Prepare text from files and arguments for display: escape control characters, shorten."""

import logging
import unicodedata

MAX_MESSAGE_LENGTH = 5_000  # characters of an error message in a run's log
_DEFAULT_LENGTH = 1_000


def printable(text: str) -> str:
    r"""Replace every character that could control a terminal by its escape sequence.

    These are control and format characters (such as line breaks and marks that reverse the
    writing direction), separators of lines and paragraphs, and unassigned or private-use
    characters. For example ``"\x1b[2J"`` becomes the seven characters ``\x1b[2J``.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def shorten(text: str, max_length: int = _DEFAULT_LENGTH) -> str:
    """Replace the middle of ``text`` by " ... " if it is longer than ``max_length`` characters."""
    if len(text) <= max_length:
        return text
    gap = " ... "
    tail = (max_length - len(gap)) // 2
    return f"{text[: max_length - len(gap) - tail]}{gap}{text[-tail:]}"


class PrintableFormatter(logging.Formatter):
    """Log formatter that escapes control characters; only a traceback has several lines."""

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(
            {**vars(record), "msg": printable(record.getMessage()), "args": None}
        )
        lines = super().format(record).split("\n")  # a traceback has several lines
        return "\n".join(map(printable, lines))


def log_printably() -> None:
    """Configure this process to log to standard error with `PrintableFormatter`."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler])
