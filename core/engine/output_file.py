"""The file that the engine and its workers print to; its size is bounded."""

import os

from core.queue.paths import engine_output_file

_MAX_BYTES = 1_000_000
_REMAINING_BYTES = 100_000


def truncate_output_file() -> None:
    """Cut a file of more than 1 MB to its last 100 kB, from the start of a line.

    The engine and its workers append to the file, so they continue to print to it. Raises OSError
    if the file cannot be written.
    """
    try:
        with engine_output_file().open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _MAX_BYTES:
                return
            file.seek(-_REMAINING_BYTES, os.SEEK_END)
            end = file.read()
            file.seek(0)
            file.write(end[end.find(b"\n") + 1 :])
            file.truncate()
    except FileNotFoundError:  # the engine prints to a terminal
        return
