"""The Explore page: choose a night, run it, see what becomes of old and new memories."""

from contextlib import suppress

import streamlit as st

from app import actions, charts, controls, frames, live, visit, words
from app.visit import Watched
from core import jobs
from core.config import RunConfig
from core.errors import ConfigError
from core.jobs import Snapshot
from core.schedule import dose, hypnogram


def show() -> None:
    """Draw the page."""
    with suppress(OSError):  # which is told to whoever runs a night
        jobs.keep_engine()
    asked = st.query_params.get(actions.RUN)
    run = visit.watched(asked)
    now = run.follower.update() if run else None
    active = now is not None and now.active
    controls.begin_with(run.config if run else None)

    st.title("Sleep Schedule Explorer", anchor=False)
    st.markdown(f"{words.LOOK}  \n{words.TRY}")
    left, right = st.columns([1, 2.6], gap="large")
    with left:
        config = _choose()
        if run is not None and active:
            _stop_button(run)
        else:
            _run_button(config)
        if run is not None and now is not None:
            live.status(run, active, config)
            _resume_button(run, now)
        else:
            _no_run(asked)
    with right:
        if config is not None:
            _schedule(config)
        if run is not None:
            live.results(run, active)
        else:
            with st.container(key="error_chart"):
                live.placeholder()


def _choose() -> RunConfig | None:
    try:
        return controls.draw()
    except ConfigError as error:
        st.error(str(error))
        return None


def _run_button(config: RunConfig | None) -> None:
    pressed = st.button(
        "Run this night",
        key="run",
        type="primary",
        icon=":material/bedtime:",
        width="stretch",
        disabled=config is None,
    )
    if pressed and config is not None:
        actions.start(config)


def _stop_button(run: Watched) -> None:
    stopping = run.follower.folder.stop.exists()
    pressed = st.button(
        "Stopping" if stopping else "Stop",
        key="stop",
        icon=":material/stop:",
        width="stretch",
        disabled=stopping,
    )
    if pressed:
        actions.stop(run.follower.run_id)


def _resume_button(run: Watched, now: Snapshot) -> None:
    if now.active or now.status == "done":
        return
    kept = now.state.finished
    label = f"Resume after cycle {kept}" if kept else "Resume"
    if st.button(label, key="resume", icon=":material/resume:", width="stretch"):
        actions.resume(run.follower.run_id)


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
