"""What the page shows of runs, drawn again as they go on.

Only the status line is drawn again and again. It asks for the whole page when there is
something new to see, which is at the end of a stage: a browser that draws charts twice a second
takes the processor from the nights that it waits for.
"""

import time

import streamlit as st

from app import pair
from app.components.repeat import repeat
from app.controls import Chosen
from app.pair import Moment
from app.panels import filmstrip, measures, night, numbers, scorecard, scrub, status
from app.visit import Shown

_POLL_S = 0.4
_BESIDE_S = 1.0  # the other night alone can wait that long


def draw(shown: Shown, now: Moment, chosen: Chosen | None) -> None:
    """Draw the nights as they are ``now``, and go on drawing if there is more to come."""
    night.night(chosen.config if chosen else None, now)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(horizontal=True, width="content"):  # one place, however many there are
            status.buttons(shown, now, chosen)
        _follow(shown, now, chosen)
    _results(shown)


def _follow(shown: Shown, drawn: Moment, chosen: Chosen | None) -> None:
    """Draw the status line, and the whole page once it shows less than there is."""
    since = time.monotonic()

    def once() -> None:
        now = pair.moment(shown)
        waits = now.seen[0] == drawn.seen[0] and time.monotonic() - since < _BESIDE_S
        if drawn.active and now.seen != drawn.seen and not waits:
            st.rerun()
        status.status(shown, now, chosen)

    repeat(once, key="poll", after_s=_POLL_S if drawn.active else None)


def _results(shown: Shown) -> None:
    """Draw what the nights have shown, at the cycle that the slider says."""
    was_playing = scrub.playing()

    def once() -> None:
        now = pair.moment(shown)
        cycle = scrub.cycle(shown.mine.follower.run_id, now.mine.state.finished)
        if was_playing != scrub.playing():
            st.rerun()  # the whole page, for how often this is drawn is another now
        _draw_results(shown, now, cycle)

    repeat(once, key="beat", after_s=scrub.STEP_S / 2 if was_playing else None)


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
