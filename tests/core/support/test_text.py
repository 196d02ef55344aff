"""`core.support.text` and `core.cli.terminal`: text of unknown origin is safe to display."""

import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.arguments import build_parser
from core.cli.main import main
from core.cli.terminal import print_error, print_lines
from core.support.text import PrintableFormatter, printable, shorten


def controls_terminal(text: str) -> bool:
    """Return whether a terminal would interpret any character instead of showing it."""
    return any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")
        for character in text
    )


@given(text=st.text(st.characters(), max_size=40))
def test_printable_escapes_only_characters_that_control_a_terminal(text: str) -> None:
    escaped = printable(text)
    assert not controls_terminal(escaped)
    assert printable(escaped) == escaped
    if not controls_terminal(text):
        assert escaped == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r\t", r"a\nb\r\t"),
        ("\u202eevil", r"\u202eevil"),
        ("\u2028", r"\u2028"),
        ("\udcff", r"\udcff"),
        ("“95 %” → \u00a0é 漢", "“95 %” → \u00a0é 漢"),
    ],
)
def test_invisible_characters_are_replaced_by_escape_sequences(text: str, escaped: str) -> None:
    assert printable(text) == escaped


@given(text=st.text(max_size=100), max_length=st.integers(10, 60))
def test_shorten_returns_the_text_or_replaces_its_middle(text: str, max_length: int) -> None:
    short = shorten(text, max_length)
    assert short == text or (" ... " in short and len(short) <= max_length < len(text))


def test_output_of_the_command_line_cannot_control_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_lines("one\x1b[2J", 2)
    print_error("three\u202e")
    assert capsys.readouterr() == ("one\\x1b[2J\n2\n", "three\\u202e\n")


def test_messages_about_invalid_arguments_cannot_control_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["runs", "list", "\x1b[2J\nmore"])
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert not controls_terminal(message.rstrip("\n"))
    assert main(["runs", "show", "\x1b[2J"]) == 1
    assert not controls_terminal(capsys.readouterr().err.rstrip("\n"))


def test_log_output_of_the_engine_cannot_control_a_terminal() -> None:
    try:
        raise ValueError("problem\x1b[2J")
    except ValueError:
        record = logging.LogRecord("core", 40, "", 1, "run %s\nfailed", ("\x1b",), sys.exc_info())
    text = PrintableFormatter("%(levelname)s %(message)s").format(record)
    assert text.startswith("ERROR run \\x1b\\nfailed\nTraceback")
    assert not controls_terminal(text.replace("\n", ""))
