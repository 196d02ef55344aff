"""What a night came to: kept, learned, forgotten, beside the other night."""

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
    ("forgotten", "old ones forgotten", "currentColor", text.FORGOTTEN),
)


def scorecard(arms: ComparedRuns, cycle: int, *, over: bool) -> None:
    """Draw the scores after ``cycle``; ``over`` adds what happened in the whole nights."""
    found = [(arm.name, score(arm.state, then)) for arm, then in at_same_time(arms, cycle)]
    with st.container(key="scorecard", gap="xsmall"):
        own = found[0][1]
        if own is None:
            st.caption("The scores come after the first cycle.")
            return
        cycles = len(arms[0].state.cycles) - 1
        if not over or own.cycle < cycles:
            st.caption(f"After cycle {own.cycle}:")
        for column, (part, label, colour, definition) in zip(
            st.columns(len(_CARDS), gap="small"), _CARDS, strict=True
        ):
            with column, st.container(gap=None):
                st.html(_card(found, part, colour))
                with st.popover(label, type="tertiary", key=f"about_{part}"):
                    st.markdown(definition)
        sentence = what_happened(arms) if over else None
        if sentence is not None:
            st.markdown(f"**What happened.** {text.literal(sentence)}")


def _card(found: list[tuple[str, Score | None]], part: str, colour: str) -> str:
    (_, own), *others = found
    assert own is not None
    mine: Interval = getattr(own, part)
    spread = ""
    if mine.half_width is not None:
        half = whole_percent(mine.half_width)
        spread = f'<i title="95 % interval of the mean over seeds">± {half}</i>'
    lines = [
        f"<b>{whole_percent(mine.mean)}</b>{spread}",
        *(
            f"<div>{html.escape(name)}: {whole_percent(getattr(other, part).mean)}</div>"
            for name, other in others
            if other is not None
        ),
    ]
    return f'<div class="score" style="border-color:{colour}">{"".join(lines)}</div>'
