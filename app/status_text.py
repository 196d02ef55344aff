"""Status text of runs."""

from app import text
from app.snapshot import PageSnapshot
from core.jobs import Snapshot
from core.jobs.wait_text import continuation_text, waiting_text
from core.runs.state import RunState
from core.support.durations import format_duration


def status_line(now: PageSnapshot) -> str:
    """Return the position of the reported run in its night, and the time left."""
    reported = now.snapshots[now.reported_index]
    line = position_text(reported)
    if now.reported_index:
        line = f"{line} ({now.condition.chart_name})"
    left = now.seconds_left()
    if reported.status == "running" and left is not None and reported.state.night is not None:
        line = f"{line}, about {format_duration(left)} left"
    return line


def position_text(now: Snapshot) -> str:
    """Return where in its night a run is or ended; for a queued run, its position in the queue."""
    state = now.state
    if now.status == "queued":
        return _finished_cycles(state) + waiting_text(now)
    if now.status == "interrupted":
        return f"{_resume_point(state)}; {continuation_text(now)}"
    if state.phase == "pre-training":
        return _resume_point(state)
    if state.night is None:
        return "preparing" if now.active else _resume_point(state)
    position = f"cycle {state.cycle} of {len(state.night.cycles)}"
    if now.status == "running":
        return f"{position}, {state.phase if state.phase in text.STAGES else 'measuring'}"
    if now.status == "done" and state.seconds is not None:
        return f"{position}, in {state.seconds:.0f} s"
    return position


def _finished_cycles(state: RunState) -> str:
    if state.night is None or not state.finished_cycles:
        return ""
    return f"after cycle {state.finished_cycles} of {len(state.night.cycles)}, "


def _resume_point(state: RunState) -> str:
    """The point of the night from which the run can be resumed."""
    if state.phase == "pre-training" and state.pretraining is not None:
        epoch, epochs = state.pretraining.epoch, state.pretraining.epochs
        return f"pre-training on old memories: epoch {epoch} of {epochs}"
    if state.night is None:
        return "before the night started"
    cycles = len(state.night.cycles)
    if not state.finished_cycles:
        return f"in cycle 1 of {cycles}"
    return f"after cycle {state.finished_cycles} of {cycles}"
