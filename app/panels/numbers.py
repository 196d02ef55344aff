"""The charts' numbers as tables, and how everything is measured."""

import streamlit as st

from app import words
from app.frames import tables
from app.frames.arms import Arms
from core.presets import PRESETS

_KEY = "numbers"
_TABLES = (
    ("Measured", tables.measured),
    ("Losses", tables.trained),
    ("Dreams", tables.dreamt),
)


def numbers(arms: Arms) -> None:
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
            f"- **{preset.label}**: {words.literal(preset.source)}. "
            f"{words.literal(preset.leaves_out)}"
            for preset in PRESETS.values()
        ]
        st.markdown("\n\n".join([*words.METHODS, words.PRESETS, "\n".join(presets)]))
