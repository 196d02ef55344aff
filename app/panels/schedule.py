"""The night that the controls ask for: its hypnogram, its dose, and how long it would take."""

import streamlit as st

from app import text
from app.charts import hypnogram as charts
from app.components.figure import figure
from app.settings import values_of
from app.snapshot import PageSnapshot
from app.view_data.hypnogram import blocks, dose_line
from core import jobs
from core.schedule.config import RunConfig
from core.schedule.hypnogram import dose, hypnogram
from core.support.durations import format_duration


def night(config: RunConfig | None, now: PageSnapshot | None) -> None:
    """Draw it; the stage that a run is in is lit where its night is the one asked for."""
    with st.container(key="hypnogram", gap=None):
        if config is None:
            return
        stages = blocks(hypnogram(config))
        lit = _stage(now, config) if now is not None else None
        figure(charts.hypnogram(stages, lit), key="hypnogram", alt=charts.alt(stages), quiet=True)
        seconds = jobs.expected_seconds(config)
        line = f"Your night: {dose_line(dose(config))}; about {format_duration(seconds)} here."
        st.caption(line, help=text.HYPNOGRAM)


def _stage(now: PageSnapshot, config: RunConfig) -> tuple[int, str] | None:
    own = now.configs[0]
    if not now.mine.active or own is None or values_of(own) != values_of(config):
        return None
    return now.mine.state.cycle, now.mine.state.phase
