"""What the page shows of runs, drawn again as they go on."""

import streamlit as st

from app import pair
from app.controls import Chosen
from app.pair import Moment
from app.panels import filmstrip, measures, night, numbers, scorecard, scrub, status
from app.visit import Shown

_POLL_S = 0.5


def draw(shown: Shown, chosen: Chosen | None, *, was_active: bool) -> None:
    """Draw the nights, and draw them again as they go on if one ``was_active`` before."""

    was_playing = scrub.playing()

    def once() -> None:
        now = pair.moment(shown)
        cycle = scrub.cycle(shown.mine.follower.run_id, now.mine.state.finished)
        if (was_active and not now.active) or was_playing != scrub.playing():
            st.rerun()  # the whole page: Stop becomes Run, and the timer another
        _draw(shown, now, chosen, cycle)

    st.fragment(once, run_every=_timer(was_active))()


def _timer(active: bool) -> float | None:
    """Seconds between drawings: a timer in the browser, gone once nothing more will happen."""
    if active:
        return _POLL_S
    return scrub.STEP_S / 2 if scrub.playing() else None


def _draw(shown: Shown, now: Moment, chosen: Chosen | None, cycle: int) -> None:
    run_id = shown.mine.follower.run_id
    state = now.mine.state
    night.night(chosen.config if chosen else None, now)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        status.buttons(shown, now, chosen)
        status.status(shown, now, chosen)
    arms = now.arms
    scorecard.scorecard(arms, cycle, over=now.done)
    revision = f"{run_id} {shown.beside.follower.run_id if shown.beside else ''}"
    measures.measures(arms, revision, cycle)
    scrub.draw(len(state.night.cycles) if state.night else 1, state.finished, active=now.active)
    filmstrip.filmstrip(arms, cycle)
    measures.training(arms, revision, cycle)
    numbers.numbers(arms)
    numbers.methods()
