"""A run on the page: its status, and its errors as they come."""

import re
from collections.abc import Callable
from typing import Literal

import pandas as pd
import streamlit as st

from app import charts, frames, words
from app.follow import Follower, Snapshot, Status
from core.config import RunConfig

_POLL_S = 0.5
_COLOURS: dict[Status, Literal["gray", "violet", "green", "red"]] = {
    "queued": "gray",
    "running": "violet",
    "done": "green",
    "stopped": "gray",
    "failed": "red",
}


def status(follower: Follower, active: bool, chosen: RunConfig | None) -> None:
    """Draw where the run is; ``chosen`` is what the sliders say now."""
    _follow(_status, follower, active, chosen)


def results(follower: Follower, active: bool) -> None:
    """Draw what the run has shown so far."""
    _follow(_results, follower, active)


def _follow(
    draw: Callable[..., None], follower: Follower, was_active: bool, *arguments: object
) -> None:
    """Draw, and draw again as the run goes on if it ``was_active`` when the page was drawn."""

    def once() -> None:
        now = follower.update()
        if was_active and not now.active:
            st.rerun()  # the whole page: Stop becomes Run, and the timers go
        draw(now, follower.config, *arguments)

    # `run_every` is a timer in the browser: it must be gone once nothing more will happen.
    st.fragment(once, run_every=_POLL_S if was_active else None)()


def _status(now: Snapshot, config: RunConfig | None, chosen: RunConfig | None) -> None:
    with st.container(key="run_status", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(now.status, color=_COLOURS[now.status])
            st.markdown(where(now), width="content")
        if now.active:
            st.progress(now.state.progress)
        if now.problem is not None:
            st.error(_literal(now.problem))
        if config is not None:
            moved = f" {words.MOVED}" if chosen not in (None, config) else ""
            st.caption(f"This night: {frames.describe(config)}.{moved}")


def where(now: Snapshot) -> str:
    """Where in the night a run is, or was when it ended."""
    state = now.state
    if state.phase == "pre-training" and state.pretraining is not None:
        epoch, epochs = state.pretraining.epoch, state.pretraining.epochs
        return f"before the night, learning the old memories: pass {epoch} of {epochs}"
    if state.night is None:
        return "getting ready" if now.active else "before the night began"
    place = f"cycle {state.cycle} of {len(state.night.cycles)}"
    if now.status == "done":
        return f"{place}, in {state.seconds:.0f} s" if state.seconds is not None else place
    if not now.active:
        return place
    return f"{place}, {state.phase if state.phase in words.STAGES else 'measuring'}"


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


def _literal(text: str) -> str:
    """``text`` without any meaning as Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!$~:<>|])", r"\\\1", text)
