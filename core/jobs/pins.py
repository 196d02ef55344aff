"""Pinning a run: it is then never removed to make room."""

from core.runs.folder import own_run
from core.support.files import remove_file, write_text


def pin(run_id: str) -> None:
    """Keep the run whatever its age and size.

    Raises `RunError` if there is no such run, and for a recorded night, which is kept anyway, and
    OSError where its folder cannot be written.
    """
    write_text(own_run(run_id).pin, "")


def unpin(run_id: str) -> None:
    """Take the pin away, if there is one; raises as `pin` does."""
    remove_file(own_run(run_id).pin)
