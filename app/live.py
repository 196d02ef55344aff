"""A run on the page: its status, and its errors as they come."""

from collections.abc import Callable
from typing import Literal

import pandas as pd
import streamlit as st

from app import charts, controls, frames, standing, words
from app.visit import Watched
from core.config import RunConfig
from core.jobs import Snapshot, Status

_POLL_S = 0.5
_COLOURS: dict[Status, Literal["gray", "violet", "green", "red", "orange"]] = {
    "queued": "gray",
    "running": "violet",
    "done": "green",
    "stopped": "gray",
    "failed": "red",
    "interrupted": "orange",
}


def status(run: Watched, active: bool, chosen: RunConfig | None) -> None:
    """Draw where the run is; ``chosen`` is what the sliders say now."""
    _follow(_status, run, active, chosen)


def results(run: Watched, active: bool) -> None:
    """Draw what the run has shown so far."""
    _follow(_results, run, active)


def _follow(draw: Callable[..., None], run: Watched, was_active: bool, *arguments: object) -> None:
    """Draw, and draw again as the run goes on if it ``was_active`` when the page was drawn."""

    def once() -> None:
        now = run.follower.update()
        if was_active and not now.active:
            st.rerun()  # the whole page: Stop becomes Run, and the timers go
        draw(now, run.config, *arguments)

    # `run_every` is a timer in the browser: it must be gone once nothing more will happen.
    st.fragment(once, run_every=_POLL_S if was_active else None)()


def _status(now: Snapshot, config: RunConfig | None, chosen: RunConfig | None) -> None:
    with st.container(key="run_status", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(now.status, color=_COLOURS[now.status])
            st.markdown(standing.where(now), width="content")
        if now.active:
            st.progress(now.state.progress)
        if now.problem is not None:
            # What fails is over; what waits goes on once the engine can work.
            tell = st.error if now.status == "failed" else st.warning
            tell(words.sentence(now.problem))
        if config is not None:
            moved = chosen is not None and not controls.alike(chosen, config)
            st.caption(
                f"This night: {frames.describe(config)}.{f' {words.MOVED}' if moved else ''}"
            )


def _results(now: Snapshot, _config: RunConfig | None) -> None:
    night = now.state.night
    frame = frames.errors(now.state)
    with st.container(key="error_chart", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.subheader("How well both memories are redrawn", anchor=False, width="content")
            with st.popover("What is reconstruction error?", type="tertiary"):
                st.markdown(words.RECONSTRUCTION_ERROR)
        if night is None:
            placeholder()
            return
        sentence = None if now.active else frames.verdict(frame, len(night.cycles))
        if sentence is not None:
            st.markdown(sentence)
        st.plotly_chart(
            charts.errors(frame, len(night.cycles), night.dataset_1, night.dataset_2),
            key="error_figure",
            config={"displayModeBar": False},
        )
        _numbers(frame)


def placeholder() -> None:
    """Hold the place of the chart that is to come."""
    with st.container(
        border=True, height=240, horizontal_alignment="center", vertical_alignment="center"
    ):
        st.caption(words.EMPTY, text_alignment="center")


def _numbers(frame: pd.DataFrame) -> None:
    with st.expander("The numbers"):
        st.dataframe(
            frame,
            hide_index=True,
            column_config={
                "cycle": st.column_config.NumberColumn("Cycle", help="0 is before the night."),
                "old": st.column_config.NumberColumn("Old memories", format="%.1f"),
                "new": st.column_config.NumberColumn("New memories", format="%.1f"),
                "images": st.column_config.NumberColumn("Test images of each"),
            },
        )
