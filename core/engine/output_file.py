"""The file that the engine and its workers print to, which does not grow without bound."""

import os

from core.queue.paths import engine_output_file

_LARGEST = 1_000_000
_KEPT = 100_000


def shorten_output() -> None:
    """Keep only the end of a large file; all who print to it append, and go on after that.

    Raises OSError where the file cannot be written.
    """
    try:
        with engine_output_file().open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _LARGEST:
                return
            file.seek(-_KEPT, os.SEEK_END)
            end = file.read()
            file.seek(0)
            file.write(end[end.find(b"\n") + 1 :])
            file.truncate()
    except FileNotFoundError:  # the engine prints to a terminal
        return
