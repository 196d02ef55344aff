"""Parsing of the project's documents (Markdown): links, headings, code and commands."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from core.support.environment import PROJECT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|&& )(?:[A-Z_]+=\S+ )*((?:python|make)(?: [^&\n]*)?)$", re.MULTILINE)


def document_names() -> list[str]:
    """Return the paths of all documents, relative to the project."""
    paths = [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("**/*.md")]
    return sorted(path.relative_to(PROJECT).as_posix() for path in paths)


DOCUMENTS = document_names()


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (PROJECT / name).read_text("utf-8")


def code_blocks(text: str, language: str = "") -> list[str]:
    """Return the contents of the fenced code blocks in ``language`` ("": without one)."""
    return [code for found, code in _FENCE.findall(text) if found == language]


def prose(text: str) -> str:
    """Return ``text`` without fenced code blocks."""
    return _FENCE.sub("", text)


def code_spans(text: str) -> list[str]:
    """Return the contents of inline code, with line breaks as spaces."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))]


def links(text: str) -> list[str]:
    """Return the targets of all links and images."""
    without_code = re.sub(r"`[^`]+`", "", prose(text))
    return re.findall(r"\]\(([^)\s]+)\)", without_code)


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub generates for the headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(anchor)
    return found


def table_rows(text: str, heading: str) -> list[list[str]]:
    """Return the rows of the first table below ``heading``, without its header.

    Raises AssertionError if the document has no such heading or no table below it.
    """
    _, found, section = text.partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    table = re.search(r"^\|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", section, re.MULTILINE)
    assert table, f"no table below {heading!r}"
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in table[1].splitlines())
    return [[cell.strip() for cell in row] for row in rows]


def commands(text: str) -> Iterator[str]:
    """Yield all commands that start with ``python`` or ``make``, without comments."""
    for shown in (*code_blocks(text), *code_spans(text)):
        for command in _COMMAND.findall(shown):
            yield command.partition(" #")[0].strip()


def tracked_folders() -> set[str]:
    """Return the folders with a file that git tracks or does not ignore, relative to the project.

    Skips the test where the project is not a git repository.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("the project is not in a git repository")
    files = (name for name in listing.stdout.split("\0") if name)
    existing = (PROJECT / name for name in files if (PROJECT / name).exists())
    parents = {parent for path in existing for parent in path.relative_to(PROJECT).parents}
    return {parent.as_posix() for parent in parents} - {"."}
