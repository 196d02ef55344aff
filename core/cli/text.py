"""What several commands say of a run, in the same words."""


def kept(run_id: str) -> str:
    """That nothing is lost, and how the run goes on."""
    return f"its finished cycles are kept, and `{again(run_id)}` goes on."


def again(run_id: str) -> str:
    """The command that goes on with a run."""
    return f"python -m core resume {run_id}"
