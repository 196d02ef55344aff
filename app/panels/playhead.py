"""The playhead: the cycle that the page shows, the newest one until a visitor selects another."""

import time

import streamlit as st

from app.components import refresh

STEP_S = 0.7
"""Seconds per cycle during playback."""

# In the session's state: the cycle, the run it belongs to, and whether it follows or plays.
_CYCLE = "cycle"
_RUN_ID, _FOLLOWING, _PLAYING_SINCE = "cycle_run", "cycle_following", "cycle_playing_since"
_PREVIOUS = "cycle_previous"

_LATE_S = 2.0  # within which another widget's event may still carry the slider's previous value


def playing() -> bool:
    """Return whether playback is on."""
    return _PLAYING_SINCE in st.session_state


def cycle(run_id: str, newest: int) -> int:
    """Return the cycle to show of a run whose last finished cycle is ``newest``.

    Playback advances with time, and follows the newest cycle at its end.
    """
    state = st.session_state
    if state.get(_RUN_ID) != run_id:
        state[_RUN_ID] = run_id
        follow()
    if playing():
        _set(_played(newest))
    elif state[_FOLLOWING]:
        _set(newest)
    return min(int(state.get(_CYCLE, newest)), newest)


def _set(value: int) -> None:
    previous = st.session_state.get(_CYCLE)
    if previous != value:  # setting it always would undo the visitor's move of the slider
        st.session_state[_PREVIOUS] = (previous, time.monotonic())
        st.session_state[_CYCLE] = value


def _on_change() -> None:
    """Pause if a visitor moved the slider; the browser may also just send an outdated value."""
    previous, since = st.session_state.get(_PREVIOUS, (None, 0.0))
    outdated = st.session_state[_CYCLE] == previous and time.monotonic() - since < _LATE_S
    if not outdated and not refresh.refreshed_by_timer():
        pause()


def follow() -> None:
    """Show the newest cycle from now on."""
    _end_playback()
    st.session_state[_FOLLOWING] = True


def pause() -> None:
    """Stay at the cycle that is shown."""
    _end_playback()
    st.session_state[_FOLLOWING] = False


def play() -> None:
    """Show one cycle after the other, starting before the night."""
    _end_playback()
    st.session_state[_PLAYING_SINCE] = time.monotonic()
    st.session_state[_FOLLOWING] = False


def draw(cycles: int, newest: int, *, active: bool) -> None:
    """Draw the slider and its buttons.

    Parameters
    ----------
    cycles : int
        Number of cycles in the night.
    newest : int
        The last finished cycle.
    active : bool
        Whether more cycles will follow.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="playhead"):
        if playing():
            st.button("Pause", key="play", icon=":material/pause:", on_click=pause)
        else:
            icon = ":material/play_arrow:"
            st.button("Play", key="play", icon=icon, on_click=play, disabled=newest < 1)
        if not st.session_state[_FOLLOWING] and not playing():
            label = "Follow" if active else "Go to end"
            st.button(label, key="follow", icon=":material/last_page:", on_click=follow)
        st.slider(
            f"Cycle shown, of {cycles} (0 = before the night)",
            0,
            cycles,
            min(int(st.session_state.get(_CYCLE, newest)), cycles),  # see `app.controls`
            key=_CYCLE,
            on_change=_on_change,
        )


def _end_playback() -> None:
    st.session_state.pop(_PLAYING_SINCE, None)


def _played(newest: int) -> int:
    position = int((time.monotonic() - st.session_state[_PLAYING_SINCE]) / STEP_S)
    if position > newest:
        follow()
    return min(position, newest)
