"""The charts of what was measured and of what was trained on, over the night."""

import streamlit as st

from app import text
from app.charts.dreams import MOST_BARS, dream_chart
from app.charts.losses import loss_chart
from app.charts.measures import measure_chart
from app.components.figure import figure
from app.view_data.compared_runs import ComparedRuns
from app.view_data.dreams import dream_content
from core.runs.measures import ERROR, RECALL_ACCURACY, RECALL_ERROR, Measure

_RECALL = {measure.key: measure for measure in (RECALL_ACCURACY, RECALL_ERROR)}
_RECALL_KEY = "recall_measure"


def measures(arms: ComparedRuns, revision: str, cycle: int) -> None:
    """Draw reconstruction error, and recall from partial images."""
    left, right = st.columns(2, gap="medium")
    with left:
        _courses(arms, ERROR, "error_chart", "How well both are redrawn", revision, cycle)
    with right:
        measure = _RECALL[st.session_state.get(_RECALL_KEY) or RECALL_ACCURACY.key]
        _courses(arms, measure, "recall_chart", "Recalled from a part", revision, cycle)


def training(arms: ComparedRuns, revision: str, cycle: int) -> None:
    """Draw the losses, and the content of the dreams."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="loss_chart", gap="xsmall"):
        st.subheader("What training minimised", anchor=False, help=text.LOSSES)
        figure(
            loss_chart(arms, revision, cycle),
            key="loss_chart",
            alt="Loss of every epoch over the night; its numbers are in the table below.",
        )
    with right, st.container(key="dream_chart", gap="xsmall"):
        st.subheader("What the dreams were of", anchor=False, help=text.DREAMS)
        dreams = dream_content(arms[0].state, MOST_BARS)
        if not dreams:
            st.caption(text.NO_DREAMS)
            return
        figure(
            dream_chart(dreams, max(arms[0].cycles, 1), revision),
            key="dream_chart",
            alt="Share of each cycle's dreams that are old, new and neither; see the table below.",
        )


def _courses(
    arms: ComparedRuns, measure: Measure, key: str, title: str, revision: str, cycle: int
) -> None:
    with st.container(key=key, gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
            about = text.RECONSTRUCTION_ERROR if measure is ERROR else text.RECALL
            st.subheader(title, anchor=False, help=about, width="content")
            if measure is not ERROR:
                st.segmented_control(
                    "Measure of recall",
                    list(_RECALL),
                    format_func=lambda key: _RECALL[key].label.removeprefix("recall "),
                    default=RECALL_ACCURACY.key,
                    required=True,
                    key=_RECALL_KEY,
                    label_visibility="collapsed",
                )
        figure(
            measure_chart(arms, measure, f"{revision} {measure.key}", cycle),
            key=key,
            alt=f"{measure.label.capitalize()} of old and new memories after every stage; its "
            "numbers are in the table below.",
        )
