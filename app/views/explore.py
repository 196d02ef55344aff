"""The Explore page: choose a night, run it, see what becomes of old and new memories."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from app import (
    actions,
    conditions,
    controls,
    live_results,
    shown_runs,
    snapshot,
    text,
    url_state,
    visitor,
)
from app.components.figure import preload
from app.controls import Chosen
from app.panels import schedule, status
from app.settings import values_of
from app.shown_runs import ShownRuns
from core import jobs
from core.schedule.config import RunConfig
from core.support.errors import ConfigError
from core.support.validation import lookup

_STYLE = Path(__file__).parents[1] / "page.css"


def show() -> None:
    """Draw the page."""
    with suppress(OSError):  # which is told to whoever runs a night
        jobs.keep_engine()
    asked = st.query_params.to_dict()
    shown = shown_runs.find_shown_runs(asked.get(url_state.RUN), asked.get(url_state.COMPARED))
    if not controls.started():
        _begin(asked, shown)
    _note_missing(asked)
    now = snapshot.take_snapshot(shown) if shown else None

    st.html(_STYLE)
    preload()
    visitor.remember()
    st.title(text.TITLE, anchor=False)
    st.markdown(f"{text.LOOK}  \n{text.TRY}")
    with st.container(key="notes"):  # always there, so that all below it stays in its place
        if notes := actions.notes():
            st.warning(text.literal(" ".join(notes)))
    left, right = st.columns([1, 3], gap="large")
    with left:
        chosen = _choose()
    _keep_address(asked, shown, chosen)
    with right:
        if shown is not None and now is not None:
            live_results.draw(shown, now, chosen)
        else:
            schedule.night(chosen.config if chosen else None, None)
            status.buttons(None, None, chosen)
            status.none()


def _begin(asked: dict[str, str], shown: ShownRuns | None) -> None:
    """Set the widgets once a session, to what the address says."""
    values, notes = url_state.read(asked, _base(shown))
    comparison = asked.get(url_state.COMPARE, conditions.DEFAULT)
    told = [*notes, *url_state.unknown(asked)]
    try:
        lookup(url_state.COMPARE, url_state.shortened(comparison), conditions.CONDITIONS)
    except ConfigError as error:
        comparison = conditions.DEFAULT
        told.append(str(error))
    controls.start(values, comparison)
    actions.note(told)


def _note_missing(asked: dict[str, str]) -> None:
    """Tell of runs in the address that are not there, or not any more."""
    for name, sentence in (
        (url_state.RUN, text.NO_SUCH_RUN),
        (url_state.COMPARED, text.NO_SUCH_BESIDE),
    ):
        if name in asked and not shown_runs.exists(asked[name]):
            actions.note([*actions.notes(), sentence])
            return  # without the one, the other means nothing


def _base(shown: ShownRuns | None) -> dict[str, int | float | str]:
    """Where the dials stand without a word in the address."""
    config = shown.mine.config if shown and not shown.recorded else None
    return values_of(config or RunConfig())


def _choose() -> Chosen | None:
    try:
        return controls.draw_controls()
    except ConfigError as error:
        st.error(text.sentence(str(error)))
        return None


def _keep_address(asked: dict[str, str], shown: ShownRuns | None, chosen: Chosen | None) -> None:
    """Let the address say what the page shows, so that a copy of it shows the same."""
    if chosen is None:  # what the controls say is no night
        return
    runs = {}
    if shown is not None and shown.mine.follower.run_id == asked.get(url_state.RUN):
        runs[url_state.RUN] = shown.mine.follower.run_id
        if shown.beside is not None:
            runs[url_state.COMPARED] = shown.beside.follower.run_id
    said = {**runs, **url_state.write(controls.current_values(), _base(shown))}
    if chosen.compare != conditions.DEFAULT:
        said[url_state.COMPARE] = chosen.compare
    if said != asked:
        st.query_params.from_dict(said)
