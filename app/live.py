"""What the page shows of runs, drawn again as they go on.

Only the status line is drawn again and again. It asks for the rest when there is something new to
see, which is at the end of a stage: a browser that draws charts twice a second takes the processor
from the nights that it waits for.
"""

import time

import streamlit as st

from app import pair
from app.components.repeat import redraw, repeat
from app.controls import Chosen
from app.pair import Moment
from app.panels import filmstrip, measures, night, numbers, scorecard, scrub, status
from app.visit import Shown

_FIRST_S, _POLL_S = 0.4, 0.8  # until the first cycle is over, and then
_BESIDE_S = 1.0  # the other night alone can wait that long


def draw(shown: Shown, now: Moment, chosen: Chosen | None) -> None:
    """Draw the nights as they are ``now``, and go on drawing if there is more to come."""
    _hypnogram(shown, chosen)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(horizontal=True, width="content"):  # one place, however many there are
            status.buttons(shown, now, chosen)
        _follow(shown, now, chosen)
    _results(shown)


def _hypnogram(shown: Shown, chosen: Chosen | None) -> None:
    def once() -> None:
        night.night(chosen.config if chosen else None, pair.moment(shown))

    repeat(once, key="night")


def _follow(shown: Shown, drawn: Moment, chosen: Chosen | None) -> None:
    """Draw the status line, and the rest once it shows less than there is."""
    since = time.monotonic()

    def again() -> None:
        nonlocal drawn, since
        now = pair.moment(shown)
        if now.statuses != drawn.statuses:
            st.rerun()  # the whole page, for what can be asked of the nights is another now
        waits = now.seen[0] == drawn.seen[0] and time.monotonic() - since < _BESIDE_S
        if now.seen != drawn.seen and not waits:
            drawn, since = now, time.monotonic()
            redraw()

    def once() -> float | None:
        now = pair.moment(shown)
        status.status(shown, now, chosen)
        if not drawn.active:
            return None
        return _POLL_S if now.mine.state.finished else _FIRST_S

    repeat(once, key="poll", again=again)


def _results(shown: Shown) -> None:
    """Draw what the nights have shown, at the cycle that the slider says."""

    def once() -> float | None:
        now = pair.moment(shown)
        cycle = scrub.cycle(shown.mine.follower.run_id, now.mine.state.finished)
        _draw_results(shown, now, cycle)
        return scrub.STEP_S / 2 if scrub.playing() else None

    repeat(once, key="beat")


def _draw_results(shown: Shown, now: Moment, cycle: int) -> None:
    run_id = shown.mine.follower.run_id
    arms = now.arms
    scorecard.scorecard(arms, cycle, over=now.done)
    revision = f"{run_id} {shown.beside.follower.run_id if shown.beside else ''}"
    measures.measures(arms, revision, cycle)
    scrub.draw(max(arms[0].cycles, 1), now.mine.state.finished, active=now.active)
    filmstrip.filmstrip(arms, cycle)
    measures.training(arms, revision, cycle)
    numbers.numbers(arms)
    numbers.methods()
