"""The cycle that the page shows: the newest until a visitor touches the slider, then theirs."""

import time

import streamlit as st

from app.components import refresh

STEP_S = 0.7  # of a night that is played

_CYCLE = "cycle"
_OF, _FOLLOWS, _PLAYS = "cycle_of", "cycle_follows", "cycle_plays"  # in the session's state
_BEFORE = "cycle_before"

_LATE_S = 2.0  # in which a hand on another widget may still tell where this one stood before


def playing() -> bool:
    """Whether the night is being played."""
    return _PLAYS in st.session_state


def cycle(run_id: str, newest: int) -> int:
    """The cycle to show of a run of which ``newest`` is the last that is over.

    A night that is played moves on, and follows again at its end.
    """
    state = st.session_state
    if state.get(_OF) != run_id:
        state[_OF] = run_id
        follow()
    if playing():
        _set(_played(newest))
    elif state[_FOLLOWS]:
        _set(newest)
    return min(int(state.get(_CYCLE, newest)), newest)


def _set(to: int) -> None:
    before = st.session_state.get(_CYCLE)
    if before != to:  # for what is set overrules a hand on the slider
        st.session_state[_BEFORE] = (before, time.monotonic())
        st.session_state[_CYCLE] = to


def _moved() -> None:
    """The slider stands elsewhere: by a hand, or because the browser has not moved it yet."""
    before, since = st.session_state.get(_BEFORE, (None, 0.0))
    late = st.session_state[_CYCLE] == before and time.monotonic() - since < _LATE_S
    if not late and not refresh.refreshed_by_timer():
        pause()


def follow() -> None:
    """Show the newest cycle from now on."""
    _forget()
    st.session_state[_FOLLOWS] = True


def pause() -> None:
    """Stay at the cycle that is shown."""
    _forget()
    st.session_state[_FOLLOWS] = False


def play() -> None:
    """Show one cycle after the other, from before the night on."""
    _forget()
    st.session_state[_PLAYS] = time.monotonic()
    st.session_state[_FOLLOWS] = False


def draw(cycles: int, newest: int, *, active: bool) -> None:
    """Draw the slider over a night of ``cycles``, and the buttons beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="scrub"):
        if playing():
            st.button("Pause", key="play", icon=":material/pause:", on_click=pause)
        else:
            icon = ":material/play_arrow:"
            st.button("Play", key="play", icon=icon, on_click=play, disabled=newest < 1)
        if not st.session_state[_FOLLOWS] and not playing():
            label = "Follow" if active else "To the end"
            st.button(label, key="follow", icon=":material/last_page:", on_click=follow)
        st.slider(
            f"Cycle shown, of {cycles}; 0 is before the night",
            0,
            cycles,
            min(int(st.session_state.get(_CYCLE, newest)), cycles),  # see `app.controls`
            key=_CYCLE,
            on_change=_moved,
        )


def _forget() -> None:
    st.session_state.pop(_PLAYS, None)


def _played(newest: int) -> int:
    reached = int((time.monotonic() - st.session_state[_PLAYS]) / STEP_S)
    if reached > newest:
        follow()
    return min(reached, newest)
