"""Text for what a queued or interrupted run waits for, the same on the page and in a terminal."""

from core.jobs.follower import Snapshot
from core.queue.engine_state import QueuePosition, current_state
from core.support.durations import format_duration

_SHORTEST_SHOWN_WAIT_S = 5

CONTINUES_AUTOMATICALLY = "it continues automatically from there"
CAN_BE_RESUMED = "it can be resumed"
CONTINUES_WHEN_ENGINE_WORKS = "it continues when the engine works again"
CONTINUES_WHEN_ENGINE_RUNS = (
    "it continues when an engine runs: start the page or `python -m core serve-engine`"
)
NO_ENGINE = "waiting for an engine: start the page or `python -m core serve-engine`"
ENGINE_HAS_PROBLEM = "waiting for the engine"
ENGINE_STARTING = "the engine is starting"
RUN_STARTING = "starting"


def continuation_text(now: Snapshot) -> str:
    """Return when an interrupted run continues, and what is needed for that."""
    if not now.in_queue:
        return CAN_BE_RESUMED
    if now.problem is not None:
        return CONTINUES_WHEN_ENGINE_WORKS
    return CONTINUES_AUTOMATICALLY if now.is_served else CONTINUES_WHEN_ENGINE_RUNS


def waiting_text(now: Snapshot) -> str:
    """Return a queued run's position, or what it waits for if it has no position."""
    if now.position is not None:
        return position_text(now.position)
    if now.problem is not None:
        return ENGINE_HAS_PROBLEM
    if not now.is_served:
        return NO_ENGINE
    # A ready engine publishes no position in the moment before a worker takes the run.
    return RUN_STARTING if current_state().ready else ENGINE_STARTING


def position_text(position: QueuePosition) -> str:
    """Return position and waiting time, such as "3rd in line, about 40 s to wait".

    The time is left out if it is unknown or shorter than 5 s.
    """
    number = position.position
    line = "next in line" if number == 1 else f"{_ordinal(number)} in line"
    if position.wait_s is None or position.wait_s < _SHORTEST_SHOWN_WAIT_S:
        return line
    return f"{line}, about {format_duration(position.wait_s)} to wait"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
