"""Texts that come from files and arguments, made fit to be shown to a person."""

import logging
import unicodedata

LONGEST_SENTENCE = 5_000  # characters, of what a log may say went wrong
_LONGEST = 1_000


def printable(text: str) -> str:
    r"""``text`` with every character that could steer a terminal replaced by its escape.

    Escaped are control and format characters (a line's end and the marks that reverse the writing
    direction among them), separators of lines and paragraphs, and characters without a meaning of
    their own: ``"\x1b[2J"`` becomes the seven characters ``\x1b[2J``.
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or unicodedata.category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def shorten(text: str, longest: int = _LONGEST) -> str:
    """``text`` with its middle left out where it is longer than ``longest`` characters."""
    if len(text) <= longest:
        return text
    gap = " ... "
    tail = (longest - len(gap)) // 2
    return f"{text[: longest - len(gap) - tail]}{gap}{text[-tail:]}"


class PrintableFormatter(logging.Formatter):
    """Formats log records as lines that are safe in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(
            {**vars(record), "msg": printable(record.getMessage()), "args": None}
        )
        lines = super().format(record).split("\n")  # a traceback has several
        return "\n".join(map(printable, lines))


def log_printably() -> None:
    """Let this process log to standard error, in lines that are safe in a terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler])
