"""What the command line prints: never a character that could steer the terminal.

Texts come from the files of runs, which may be anybody's, and from arguments.
"""

import sys

from core.support.text import printable


def say(*lines: object) -> None:
    """Print each of ``lines`` on standard output as a line of its own."""
    for line in lines:
        print(printable(str(line)))


def tell(line: object) -> None:
    """Write ``line`` on standard error."""
    sys.stderr.write(f"{printable(str(line))}\n")
