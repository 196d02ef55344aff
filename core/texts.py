"""Texts that come from files and arguments, made fit to be shown to a person."""

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


def short(text: str, longest: int = _LONGEST) -> str:
    """``text`` with its middle left out where it is longer than ``longest`` characters."""
    if len(text) <= longest:
        return text
    gap = " ... "
    tail = (longest - len(gap)) // 2
    return f"{text[: longest - len(gap) - tail]}{gap}{text[-tail:]}"
