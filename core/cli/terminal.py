"""Printing of text that may come from untrusted files or arguments.

Control characters are escaped, so that a printed text cannot send commands to the terminal.
"""

import sys

from core.support.text import printable


def print_lines(*lines: object) -> None:
    """Print each of ``lines`` as one line on standard output."""
    for line in lines:
        print(printable(str(line)))


def print_error(line: object) -> None:
    """Write ``line`` as one line on standard error."""
    sys.stderr.write(f"{printable(str(line))}\n")
