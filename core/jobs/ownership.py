"""Who may stop, resume or delete a run: its owner and the host."""

from core.runs.folder import RunFolder
from core.support.errors import LogError, RunError


def owner(folder: RunFolder) -> str | None:
    """Return the person who started a run; None if its record is damaged, so the host owns it."""
    try:
        return folder.record().person
    except LogError:
        return None


def check_owner(folder: RunFolder, person: str | None, verb: str) -> None:
    """Check that a person may stop, resume or delete a run.

    Parameters
    ----------
    folder : RunFolder
        Folder of the run.
    person : str or None
        Who requests it. None means the host, that is the command line and Python, who may do
        everything with every run.
    verb : str
        What is requested, for the sentence of the error: "stop", "resume" or "delete".

    Raises
    ------
    RunError
        If ``person`` is neither the owner nor the host.
    """
    if person is not None and owner(folder) != person:
        raise RunError(
            f"run {folder.id} is not yours to {verb}; only the visitor who started it and the "
            f"host's command line can {verb} it."
        )
