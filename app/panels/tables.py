"""The values of the charts as tables, and the definitions."""

from typing import Any

import streamlit as st

from app import text
from app.view_data import tables
from app.view_data.compared_runs import ComparedRuns
from core.runs.measures import MEASURES
from core.schedule.presets import PRESETS

_KEY = "numbers"
_TABLES = (
    ("Measures", tables.measures_table),
    ("Losses", tables.losses_table),
    ("Dreams", tables.dreams_table),
)


def numbers(runs: ComparedRuns) -> None:
    """Draw the tables, once a visitor opens them."""
    expander = st.expander("Numbers", key=_KEY, on_change="rerun")
    if expander.open:
        with expander:
            for tab, (_, table) in zip(
                st.tabs([name for name, _ in _TABLES]), _TABLES, strict=True
            ):
                with tab:
                    st.dataframe(table(runs), hide_index=True, column_config=_columns())


def methods() -> None:
    """Draw the definitions of the measures, the presets and the limits of the model."""
    with st.expander("Definitions and limitations"):
        presets = [
            f"- **{preset.label}**: {text.literal(preset.source)}. "
            f"{text.literal(preset.leaves_out)}"
            for preset in PRESETS.values()
        ]
        st.markdown("\n\n".join([*text.METHODS, text.PRESETS, "\n".join(presets)]))


def _columns() -> dict[str, Any]:
    """The header, help and format of each column that is not a plain word."""
    columns: dict[str, Any] = {}
    for key, measure in MEASURES.items():
        number = "percent" if measure.as_percent else "%.1f"
        columns[key] = st.column_config.NumberColumn(
            measure.label, help=f"{measure.unit.capitalize()}. {measure.definition}", format=number
        )
        columns[tables.interval_column(key)] = st.column_config.NumberColumn(
            "±",
            help="Half of the 95 % confidence interval over seeds.",
            format=number,
        )
    for loss in tables.LOSSES:
        columns[loss] = st.column_config.NumberColumn(
            "KL" if loss == "kl" else loss, help="Nats per image.", format="%.1f"
        )
    for share in ("old", "new", "neither"):
        columns[share] = st.column_config.NumberColumn(
            f"share {share}", help="Share of dreams.", format="percent"
        )
    for kind in ("old", "new"):
        columns[f"{kind}_classes"] = st.column_config.NumberColumn(
            f"{kind} digits", help="Number of different digits in the dreams.", format="%.1f"
        )
    return columns
