"""The cycle that the page shows: the newest until a visitor touches the slider, then theirs."""

import time

import streamlit as st

STEP_S = 0.7  # of a night that is played

_CYCLE = "cycle"
_OF, _FOLLOWS, _PLAYS = "cycle_of", "cycle_follows", "cycle_plays"  # in the session's state


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
        state[_CYCLE] = _played(newest)
    elif state[_FOLLOWS]:
        state[_CYCLE] = newest
    return min(int(state.get(_CYCLE, newest)), newest)


def follow() -> None:
    """Show the newest cycle from now on."""
    st.session_state.pop(_PLAYS, None)
    st.session_state[_FOLLOWS] = True


def hold() -> None:
    """Stay at the cycle that is shown."""
    st.session_state.pop(_PLAYS, None)
    st.session_state[_FOLLOWS] = False


def play() -> None:
    """Show one cycle after the other, from before the night on."""
    st.session_state[_PLAYS] = time.monotonic()
    st.session_state[_FOLLOWS] = False


def draw(cycles: int, newest: int, *, active: bool) -> None:
    """Draw the slider over a night of ``cycles``, and the buttons beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="scrub"):
        if playing():
            st.button("Pause", key="play", icon=":material/pause:", on_click=hold)
        else:
            icon = ":material/play_arrow:"
            st.button("Play", key="play", icon=icon, on_click=play, disabled=newest < 1)
        if not st.session_state[_FOLLOWS] and not playing():
            label = "Follow" if active else "To the end"
            st.button(label, key="follow", icon=":material/last_page:", on_click=follow)
        st.slider(
            f"Cycle shown, of {cycles}; 0 is before the night",
            0,
            max(cycles, 1),
            key=_CYCLE,
            on_change=hold,
        )


def _played(newest: int) -> int:
    reached = int((time.monotonic() - st.session_state[_PLAYS]) / STEP_S)
    if reached > newest:
        follow()
    return min(reached, newest)
