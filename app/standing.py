"""Where a run stands, in words."""

from app import words
from core.engine.state import Place, engine_now
from core.jobs import Snapshot
from core.replay import RunState

_BRIEF_S = 5  # a wait that is not worth a number
_MINUTES_FROM_S = 95


def where(now: Snapshot) -> str:
    """Where in the night a run is, or was when it ended; for one that waits, its turn."""
    state = now.state
    if now.status == "queued":
        return _after(state) + (turn(now.place) if now.place else _no_turn(now))
    if now.status == "interrupted":
        return f"broke off {_point(state)}; {words.GOES_ON if now.wanted else words.CAN_GO_ON}"
    if state.phase == "pre-training":
        return _point(state)
    if state.night is None:
        return "getting ready" if now.active else _point(state)
    place = f"cycle {state.cycle} of {len(state.night.cycles)}"
    if now.status == "running":
        return f"{place}, {state.phase if state.phase in words.STAGES else 'measuring'}"
    if now.status == "done" and state.seconds is not None:
        return f"{place}, in {state.seconds:.0f} s"
    return place


def turn(place: Place) -> str:
    """A waiting run's place in the queue: "3rd in line, about 40 s to wait"."""
    line = "next in line" if place.position == 1 else f"{_ordinal(place.position)} in line"
    if place.wait_s is None or place.wait_s < _BRIEF_S:
        return line
    return f"{line}, about {_about(place.wait_s)} to wait"


def finished(state: RunState) -> int:
    """How many cycles are over, which are those that a night goes on after."""
    return max(len(state.cycles) - 1, 0)


def _no_turn(now: Snapshot) -> str:
    if now.problem is not None:
        return words.ENGINE_CANNOT
    # In the moment between the queue and the worker the engine tells no place either.
    return words.ITS_TURN if engine_now().ready else words.ENGINE_STARTS


def _after(state: RunState) -> str:
    if state.night is None or not finished(state):
        return ""
    return f"after cycle {finished(state)} of {len(state.night.cycles)}, "


def _point(state: RunState) -> str:
    """The point of the night up to which everything is kept."""
    if state.phase == "pre-training" and state.pretraining is not None:
        epoch, epochs = state.pretraining.epoch, state.pretraining.epochs
        return f"before the night, learning the old memories: pass {epoch} of {epochs}"
    if state.night is None:
        return "before the night began"
    cycles = len(state.night.cycles)
    if not finished(state):
        return f"in cycle 1 of {cycles}"
    return f"after cycle {finished(state)} of {cycles}"


def _about(seconds: float) -> str:
    if seconds < _MINUTES_FROM_S:
        return f"{max(round(seconds, -1), 10):.0f} s"
    return f"{seconds / 60:.0f} min"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
