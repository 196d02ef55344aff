"""The scores of the runs: kept, learned, forgotten."""

import html

import streamlit as st

from app import text
from app.charts.style import NEW, OLD
from app.view_data.compared_runs import ComparedRuns, at_same_time
from app.view_data.scores import Score, score, what_happened, whole_percent
from core.runs.statistics import Interval

_CARDS = (
    ("kept", "old memories kept", OLD, text.KEPT),
    ("learned", "new memories learned", NEW, text.LEARNED),
    ("forgotten", "old memories forgotten", "currentColor", text.FORGOTTEN),
)


def scorecard(runs: ComparedRuns, cycle: int, *, finished: bool) -> None:
    """Draw the scores after a cycle.

    Parameters
    ----------
    runs : ComparedRuns
        The runs.
    cycle : int
        The cycle of the main run.
    finished : bool
        Whether all runs are done; then a summary of the whole nights follows.
    """
    scores = [
        (run.name, score(run.state, run_cycle)) for run, run_cycle in at_same_time(runs, cycle)
    ]
    with st.container(key="scorecard", gap="xsmall"):
        main_score = scores[0][1]
        if main_score is None:
            st.caption("Scores appear after the first cycle.")
            return
        cycles = len(runs[0].state.cycles) - 1
        if not finished or main_score.cycle < cycles:
            st.caption(f"After cycle {main_score.cycle}:")
        for column, (part, label, colour, definition) in zip(
            st.columns(len(_CARDS), gap="small"), _CARDS, strict=True
        ):
            with column, st.container(gap=None):
                st.html(_card(main_score, scores[1:], part, colour))
                with st.popover(label, type="tertiary", key=f"about_{part}"):
                    st.markdown(definition)
        summary = what_happened(runs) if finished else None
        if summary is not None:
            st.markdown(f"**Result.** {text.literal(summary)}")


def _card(main_score: Score, others: list[tuple[str, Score | None]], part: str, colour: str) -> str:
    interval: Interval = getattr(main_score, part)
    error_bar = ""
    if interval.half_width is not None:
        half_width = whole_percent(interval.half_width)
        error_bar = f'<i title="95 % confidence interval over seeds">± {half_width}</i>'
    lines = [
        f"<b>{whole_percent(interval.mean)}</b>{error_bar}",
        *(
            f"<div>{html.escape(name)}: {whole_percent(getattr(compared, part).mean)}</div>"
            for name, compared in others
            if compared is not None
        ),
    ]
    return f'<div class="score" style="border-color:{colour}">{"".join(lines)}</div>'
