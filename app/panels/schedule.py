"""The night that the controls select: its hypnogram, REM fractions and expected duration."""

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
    """Draw the night of ``config``, with the current stage if the main run executes it now."""
    with st.container(key="hypnogram", gap=None):
        if config is None:
            return
        stages = blocks(hypnogram(config))
        current = _current_stage(now, config) if now is not None else None
        figure(
            charts.hypnogram(stages, current), key="hypnogram", alt=charts.alt(stages), static=True
        )
        duration = format_duration(jobs.expected_seconds(config))
        line = f"{dose_line(dose(config))}; about {duration} on this machine."
        st.caption(line, help=text.HYPNOGRAM)


def _current_stage(now: PageSnapshot, config: RunConfig) -> tuple[int, str] | None:
    main_config = now.configs[0]
    if not now.main.active or main_config is None or values_of(main_config) != values_of(config):
        return None
    return now.main.state.cycle, now.main.state.phase
