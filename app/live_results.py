"""What the page shows of runs, drawn again as they go on.

Only the status line is drawn again and again. It asks for the rest when there is something new to
see, which is at the end of a stage: a browser that draws charts twice a second takes the processor
from the nights that it waits for.
"""

import time

import streamlit as st

from app import snapshot
from app.components.refresh import refresh_all, refreshing
from app.controls import Chosen
from app.panels import charts, filmstrip, playhead, schedule, scorecard, status, tables
from app.shown_runs import ShownRuns
from app.snapshot import PageSnapshot

_FIRST_S, _POLL_S = 0.4, 0.8  # until the first cycle is over, and then
_BESIDE_S = 1.0  # the other night alone can wait that long


def draw(shown: ShownRuns, now: PageSnapshot, chosen: Chosen | None) -> None:
    """Draw the nights as they are ``now``, and go on drawing if there is more to come."""
    _hypnogram(shown, chosen)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(horizontal=True, width="content"):  # one place, however many there are
            status.buttons(shown, now, chosen)
        _follow(shown, now, chosen)
    _results(shown)


def _hypnogram(shown: ShownRuns, chosen: Chosen | None) -> None:
    def once() -> None:
        schedule.night(chosen.config if chosen else None, snapshot.take_snapshot(shown))

    refreshing(once, key="night")


def _follow(shown: ShownRuns, drawn: PageSnapshot, chosen: Chosen | None) -> None:
    """Draw the status line, and the rest once it shows less than there is."""
    since = time.monotonic()

    def again() -> None:
        nonlocal drawn, since
        now = snapshot.take_snapshot(shown)
        if now.statuses != drawn.statuses:
            st.rerun()  # the whole page, for what can be asked of the nights is another now
        waits = now.seen[0] == drawn.seen[0] and time.monotonic() - since < _BESIDE_S
        if now.seen != drawn.seen and not waits:
            drawn, since = now, time.monotonic()
            refresh_all()

    def once() -> float | None:
        now = snapshot.take_snapshot(shown)
        status.status(shown, now, chosen)
        if not drawn.active:
            return None
        return _POLL_S if now.mine.state.finished else _FIRST_S

    refreshing(once, key="poll", again=again)


def _results(shown: ShownRuns) -> None:
    """Draw what the nights have shown, at the cycle that the slider says."""

    def once() -> float | None:
        now = snapshot.take_snapshot(shown)
        cycle = playhead.cycle(shown.mine.follower.run_id, now.mine.state.finished)
        _draw_results(shown, now, cycle)
        return playhead.STEP_S / 2 if playhead.playing() else None

    refreshing(once, key="beat")


def _draw_results(shown: ShownRuns, now: PageSnapshot, cycle: int) -> None:
    run_id = shown.mine.follower.run_id
    arms = now.arms
    scorecard.scorecard(arms, cycle, over=now.done)
    revision = f"{run_id} {shown.beside.follower.run_id if shown.beside else ''}"
    charts.measures(arms, revision, cycle)
    playhead.draw(max(arms[0].cycles, 1), now.mine.state.finished, active=now.active)
    filmstrip.filmstrip(arms, cycle)
    charts.training(arms, revision, cycle)
    tables.numbers(arms)
    tables.methods()
