"""What several commands say of a run, in the same words."""

from core.engine.state import Place


def kept(run_id: str) -> str:
    """That nothing is lost, and how the run goes on."""
    return f"its finished cycles are kept, and `{again(run_id)}` goes on."


def again(run_id: str) -> str:
    """The command that goes on with a run."""
    return f"python -m core resume {run_id}"


def in_line(place: Place) -> str:
    """A waiting run's turn, with the time until then where it is known."""
    turn = f"{_ordinal(place.position)} in line"
    return turn if place.wait_s is None else f"{turn}, about {_duration(place.wait_s)} to wait"


def _ordinal(number: int) -> str:
    teens = 10 <= number % 100 < 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
