"""The charts' numbers as tables, and how everything is measured."""

import streamlit as st

from app import text
from app.view_data import tables
from app.view_data.compared_runs import ComparedRuns
from core.schedule.presets import PRESETS

_KEY = "numbers"
_TABLES = (
    ("Measured", tables.measures_table),
    ("Losses", tables.losses_table),
    ("Dreams", tables.dreams_table),
)


def numbers(arms: ComparedRuns) -> None:
    """Draw the tables, once they are asked for."""
    opened = st.expander("The numbers", key=_KEY, on_change="rerun")
    if opened.open:
        with opened:
            for tab, (_, table) in zip(
                st.tabs([name for name, _ in _TABLES]), _TABLES, strict=True
            ):
                with tab:
                    st.dataframe(table(arms), hide_index=True)


def methods() -> None:
    """Draw what the measures mean, and what the model leaves out."""
    with st.expander("How this is measured, and what the model leaves out"):
        presets = [
            f"- **{preset.label}**: {text.literal(preset.source)}. "
            f"{text.literal(preset.leaves_out)}"
            for preset in PRESETS.values()
        ]
        st.markdown("\n\n".join([*text.METHODS, text.PRESETS, "\n".join(presets)]))
