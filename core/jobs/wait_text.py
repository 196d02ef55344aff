"""A waiting run's turn in words, the same on the page and in a terminal."""

from core.jobs.follow import Snapshot
from core.queue.engine_state import QueuePosition, current_state
from core.support.durations import format_duration

_BRIEF_S = 5  # a wait that is not worth a number


BY_ITSELF = "it goes on from there by itself"
WHEN_RESUMED = "it can be resumed"
WHEN_THE_ENGINE_WORKS = "it continues when the engine works again"
WHEN_AN_ENGINE_RUNS = (
    "it continues when an engine runs: start the page or `python -m core serve-engine`"
)
NO_ENGINE = "waiting for an engine: start the page or `python -m core serve-engine`"
ENGINE_CANNOT = "waiting for the engine"
ENGINE_STARTS = "the engine is starting"
ITS_TURN = "its turn has come"


def continuation_text(now: Snapshot) -> str:
    """What becomes of an interrupted run, and of whom that depends."""
    if not now.wanted:
        return WHEN_RESUMED
    if now.problem is not None:
        return WHEN_THE_ENGINE_WORKS
    return BY_ITSELF if now.is_served else WHEN_AN_ENGINE_RUNS


def waiting_text(now: Snapshot) -> str:
    """A queued run's place in the queue, or what it waits for if it has none."""
    if now.place is not None:
        return position_text(now.place)
    if now.problem is not None:
        return ENGINE_CANNOT
    if not now.is_served:
        return NO_ENGINE
    # In the moment between the queue and the worker the engine tells no place either.
    return ITS_TURN if current_state().ready else ENGINE_STARTS


def position_text(place: QueuePosition) -> str:
    """A place in the queue: "3rd in line, about 40 s to wait"; no time where nobody knows it."""
    line = "next in line" if place.position == 1 else f"{_ordinal(place.position)} in line"
    if place.wait_s is None or place.wait_s < _BRIEF_S:
        return line
    return f"{line}, about {format_duration(place.wait_s)} to wait"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
