"""`core.support.text` and `core.cli.terminal`: what is shown of texts that may be anybody's."""

import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.arguments import make_parser
from core.cli.main import main
from core.cli.terminal import say, tell
from core.support.text import PrintableFormatter, printable, shorten


def steers(text: str) -> bool:
    """Whether a terminal would do anything but show a character."""
    return any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")
        for letter in text
    )


@given(text=st.text(st.characters(), max_size=40))
def test_a_printable_text_steers_no_terminal_and_keeps_what_is_harmless(text: str) -> None:
    shown = printable(text)
    assert not steers(shown)
    assert printable(shown) == shown
    if not steers(text):
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r\t", r"a\nb\r\t"),
        ("\u202eevil", r"\u202eevil"),
        ("\u2028", r"\u2028"),
        ("\udcff", r"\udcff"),
        ("“95 %” → \u00a0é 漢", "“95 %” → \u00a0é 漢"),
    ],
)
def test_characters_that_are_not_seen_are_shown_as_their_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(text=st.text(max_size=100), longest=st.integers(10, 60))
def test_a_short_text_is_as_it_was_or_lacks_its_middle(text: str, longest: int) -> None:
    found = shorten(text, longest)
    assert found == text or (" ... " in found and len(found) <= longest < len(text))


def test_what_is_said_and_told_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b[2J", 2)
    tell("three\u202e")
    assert capsys.readouterr() == ("one\\x1b[2J\n2\n", "three\\u202e\n")


def test_a_bad_argument_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["runs", "list", "\x1b[2J\nmore"])
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert not steers(told.rstrip("\n"))
    assert main(["runs", "show", "\x1b[2J"]) == 1
    assert not steers(capsys.readouterr().err.rstrip("\n"))


def test_the_engines_output_steers_no_terminal() -> None:
    try:
        raise ValueError("odd\x1b[2J")
    except ValueError:
        odd = logging.LogRecord("core", 40, "", 1, "run %s\nfailed", ("\x1b",), sys.exc_info())
    told = PrintableFormatter("%(levelname)s %(message)s").format(odd)
    assert told.startswith("ERROR run \\x1b\\nfailed\nTraceback")
    assert not steers(told.replace("\n", ""))
