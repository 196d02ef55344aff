"""Where runs stand, in words."""

from app import text
from app.snapshot import PageSnapshot
from core.jobs import Snapshot
from core.jobs.wait_text import continuation_text, waiting_text
from core.runs.state import RunState
from core.support.durations import format_duration


def status_line(now: PageSnapshot) -> str:
    """Where the nights are that the page shows: the cycle, the stage, and the time left."""
    leading = now.snapshots[now.leading]
    told = position_text(leading)
    if now.leading:
        told = f"{told} ({now.condition.arm})"
    left = now.seconds_left()
    if leading.status == "running" and left is not None and leading.state.night is not None:
        told = f"{told}, about {format_duration(left)} left"
    return told


def position_text(now: Snapshot) -> str:
    """Where in the night a run is, or was when it ended; for one that waits, its turn."""
    state = now.state
    if now.status == "queued":
        return _after(state) + waiting_text(now)
    if now.status == "interrupted":
        return f"broke off {_point(state)}; {continuation_text(now)}"
    if state.phase == "pre-training":
        return _point(state)
    if state.night is None:
        return "getting ready" if now.active else _point(state)
    place = f"cycle {state.cycle} of {len(state.night.cycles)}"
    if now.status == "running":
        return f"{place}, {state.phase if state.phase in text.STAGES else 'measuring'}"
    if now.status == "done" and state.seconds is not None:
        return f"{place}, in {state.seconds:.0f} s"
    return place


def _after(state: RunState) -> str:
    if state.night is None or not state.finished:
        return ""
    return f"after cycle {state.finished} of {len(state.night.cycles)}, "


def _point(state: RunState) -> str:
    """The point of the night up to which everything is kept."""
    if state.phase == "pre-training" and state.pretraining is not None:
        epoch, epochs = state.pretraining.epoch, state.pretraining.epochs
        return f"before the night, learning the old memories: pass {epoch} of {epochs}"
    if state.night is None:
        return "before the night began"
    cycles = len(state.night.cycles)
    if not state.finished:
        return f"in cycle 1 of {cycles}"
    return f"after cycle {state.finished} of {cycles}"
