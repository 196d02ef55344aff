"""The Explore page: choose a night, run it, see what becomes of old and new memories."""

import streamlit as st

from app import charts, controls, frames, launch, live, words
from app.follow import Follower
from core.config import RunConfig
from core.errors import ConfigError
from core.schedule import dose, hypnogram

_RUN = "run"  # in the address, so that a refresh shows the same night


def show() -> None:
    """Draw the page."""
    asked = st.query_params.get(_RUN)
    follower = _follower(asked)
    active = follower is not None and follower.update().active
    controls.begin_with(follower.config if follower else None)

    st.title("Sleep Schedule Explorer", anchor=False)
    st.markdown(f"{words.LOOK}  \n{words.TRY}")
    left, right = st.columns([1, 2.6], gap="large")
    with left:
        config = _choose()
        _buttons(config, follower.run_id if follower and active else None)
        if follower is not None:
            live.status(follower, active, config)
        else:
            _no_run(asked)
    with right:
        if config is not None:
            _schedule(config)
        if follower is not None:
            live.results(follower, active)
        else:
            with st.container(key="error_chart"):
                live.placeholder()


def _follower(run_id: str | None) -> Follower | None:
    """The session's follower of the run in the address; None for no run or a nonsense id."""
    if run_id is None or launch.folder_of(run_id) is None:
        return None
    known = st.session_state.get("follower")
    if not isinstance(known, Follower) or known.run_id != run_id:
        known = st.session_state["follower"] = Follower(run_id)
    return known


def _choose() -> RunConfig | None:
    try:
        return controls.draw()
    except ConfigError as error:
        st.error(str(error))
        return None


def _buttons(config: RunConfig | None, running: str | None) -> None:
    if running is not None:
        if st.button("Stop", key="stop", icon=":material/stop:", width="stretch"):
            launch.stop(running)
            st.rerun()
        return
    pressed = st.button(
        "Run this night",
        key="run",
        type="primary",
        icon=":material/bedtime:",
        width="stretch",
        disabled=config is None,
    )
    if pressed and config is not None:
        try:
            st.query_params[_RUN] = launch.start(config)
        except OSError as error:
            st.error(f"The night could not be started: {error.strerror or error}.")
            return
        st.rerun()


def _schedule(config: RunConfig) -> None:
    with st.container(key="hypnogram", gap="small"):
        st.subheader("The night", anchor=False, help=words.HYPNOGRAM)
        st.plotly_chart(
            charts.hypnogram(frames.blocks(hypnogram(config))),
            key="hypnogram_figure",
            config={"displayModeBar": False},
        )
        st.caption(f"{words.BOTH_STAGES}  \n{frames.dose_line(dose(config))}")


def _no_run(asked: str | None) -> None:
    with st.container(key="run_status"):
        if asked is not None:
            st.warning(words.NO_SUCH_RUN)
        else:
            st.caption(words.NO_RUN)
