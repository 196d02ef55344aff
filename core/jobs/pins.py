"""Pinned runs, which are never removed to free disk space."""

from core.runs.folder import find_changeable_run
from core.support.files import remove_file, write_text


def pin(run_id: str) -> None:
    """Pin a run, so that it is kept whatever its age and size.

    Raises `RunError` if there is no such run or it is a recorded run, which is always kept, and
    OSError if its folder cannot be written.
    """
    write_text(find_changeable_run(run_id).pin, "")


def unpin(run_id: str) -> None:
    """Remove the pin of a run, if there is one. Raises the same errors as `pin`."""
    remove_file(find_changeable_run(run_id).pin)
