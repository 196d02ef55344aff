"""The panels with the charts of measures, losses and dream content."""

import streamlit as st

from app import text
from app.charts.dreams import MAX_BARS, dream_chart
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.components.figure import figure
from app.view_data.compared_runs import ComparedRuns
from app.view_data.dreams import dream_content
from core.runs.measures import ERROR, RECALL_ACCURACY, RECALL_ERROR, Measure

_RECALL = {measure.key: measure for measure in (RECALL_ACCURACY, RECALL_ERROR)}
_RECALL_KEY = "recall_measure"


def measures(runs: ComparedRuns, revision: str, cycle: int) -> None:
    """Draw the charts of reconstruction error and of recall from partial images.

    Parameters
    ----------
    runs : ComparedRuns
        The runs.
    revision : str
        Zoom and hidden traces last while it is the same.
    cycle : int
        The cycle whose end is marked.
    """
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="error_chart", gap="xsmall"):
        with _header():
            st.subheader(
                ERROR.label.capitalize(),
                anchor=False,
                help=text.RECONSTRUCTION_ERROR,
                width="content",
            )
        _measure_chart("error_chart", runs, ERROR, revision, cycle)
    with right, st.container(key="recall_chart", gap="xsmall"):
        with _header():
            st.subheader(
                "Recall from partial images", anchor=False, help=text.RECALL, width="content"
            )
            measure = _RECALL[_recall_control()]
        _measure_chart("recall_chart", runs, measure, revision, cycle)


def training(runs: ComparedRuns, revision: str, cycle: int) -> None:
    """Draw the charts of the training loss and of dream content.

    Parameters
    ----------
    runs : ComparedRuns
        The runs.
    revision : str
        Zoom and hidden traces last while it is the same.
    cycle : int
        The cycle whose end is marked.
    """
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="loss_chart", gap="xsmall"):
        st.subheader("Training loss", anchor=False, help=text.LOSSES)
        figure(
            loss_chart(runs, revision, cycle),
            key="loss_chart",
            alt="Training loss of every epoch of the night; the table below contains its values.",
        )
    with right, st.container(key="dream_chart", gap="xsmall"):
        st.subheader("Dream content", anchor=False, help=text.DREAMS)
        dreams = dream_content(runs[0].state, MAX_BARS)
        if not dreams:
            st.caption(text.NO_DREAMS)
            return
        figure(
            dream_chart(dreams, max(runs[0].cycles, 1), revision),
            key="dream_chart",
            alt="Shares of old memories, new memories and neither in each cycle's dreams; the "
            "table below contains its values.",
        )


def _header() -> st.delta_generator.DeltaGenerator:
    return st.container(horizontal=True, horizontal_alignment="distribute", gap="small")


def _recall_control() -> str:
    """Draw the control that selects the measure of recall; return the measure's key."""
    return st.segmented_control(
        "Measure of recall",
        list(_RECALL),
        format_func=lambda key: _RECALL[key].label.removeprefix("recall "),
        default=RECALL_ACCURACY.key,
        required=True,
        key=_RECALL_KEY,
        label_visibility="collapsed",
    )


def _measure_chart(
    key: str, runs: ComparedRuns, measure: Measure, revision: str, cycle: int
) -> None:
    direction = "higher" if measure.higher_is_better else "lower"
    figure(
        measure_chart(runs, measure, f"{revision} {measure.key}", cycle),
        key=key,
        alt=f"{measure.label.capitalize()} ({measure.unit}, {direction} is better) of old and new "
        "memories after every stage; the table below contains its values.",
    )
