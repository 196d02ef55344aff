"""Who may stop, resume or delete a run: its owner, and the host."""

from core.runs.folder import RunFolder
from core.support.errors import LogError, RunError


def owner(folder: RunFolder) -> str | None:
    """The person who started a run; None where its record does not tell, so the host owns it."""
    try:
        return folder.record().person
    except LogError:
        return None


def check_owner(folder: RunFolder, person: str | None, verb: str) -> None:
    """Raise `RunError` if ``person`` may not ``verb`` the run.

    None stands for the host, that is the command line and Python, who may do all with every run.
    """
    if person is not None and owner(folder) != person:
        raise RunError(
            f"run {folder.id} is not yours to {verb}; only the visitor who started it and the "
            f"host's command line can {verb} it."
        )
