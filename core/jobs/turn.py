"""A waiting run's turn in words, the same on the page and in a terminal."""

from core.durations import about
from core.engine.state import Place

_BRIEF_S = 5  # a wait that is not worth a number


def in_line(place: Place) -> str:
    """A place in the queue: "3rd in line, about 40 s to wait"; no time where nobody knows it."""
    line = "next in line" if place.position == 1 else f"{_ordinal(place.position)} in line"
    if place.wait_s is None or place.wait_s < _BRIEF_S:
        return line
    return f"{line}, about {about(place.wait_s)} to wait"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
