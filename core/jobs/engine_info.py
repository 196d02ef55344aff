"""Information about the engine for clients: whether it is ready, and how long a run takes here."""

from core.queue.engine_state import current_state
from core.queue.estimates import Slowdown
from core.schedule.config import RunConfig


def engine_ready() -> bool:
    """Return whether an engine is running and starts runs from the queue."""
    return current_state().ready


def expected_seconds(config: RunConfig) -> float:
    """Return the expected duration of a run in seconds on this machine, without pre-training."""
    return Slowdown(current_state().slowdown).seconds(config)
