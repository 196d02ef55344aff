"""The Explore page: select a night, run it, and follow old and new memories."""

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
from app.controls import Selection
from app.panels import schedule, status
from app.settings import Values, values_of
from app.shown_runs import ShownRuns
from core import jobs
from core.schedule.config import RunConfig
from core.support.errors import ConfigError
from core.support.validation import lookup

_STYLE = Path(__file__).parents[1] / "page.css"


def show() -> None:
    """Draw the page."""
    with suppress(OSError):  # reported when a visitor starts a run
        jobs.keep_engine()
    address = st.query_params.to_dict()
    shown = shown_runs.find_shown_runs(address.get(url_state.RUN), address.get(url_state.COMPARED))
    if not controls.initialised():
        _initialise_controls(address, shown)
    _note_missing_runs(address)
    now = snapshot.take_snapshot(shown) if shown else None

    st.html(_STYLE)
    preload()
    visitor.store_secret()
    st.title(text.TITLE, anchor=False)
    st.markdown(f"{text.LOOK}  \n{text.TRY}")
    with st.container(key="notes"):  # always present, so that the parts below keep their positions
        if notes := actions.notes():
            st.warning(text.literal(" ".join(notes)))
    left, right = st.columns([1, 3], gap="large")
    with left:
        selection = _draw_controls()
    _update_address(address, shown, selection)
    with right:
        if shown is not None and now is not None:
            live_results.draw(shown, now, selection)
        else:
            schedule.night(selection.config if selection else None, None)
            status.buttons(None, None, selection)
            status.no_run()


def _initialise_controls(address: dict[str, str], shown: ShownRuns | None) -> None:
    """Set the widgets of a new session to the values in the address."""
    values, notes = url_state.read(address, _base_values(shown))
    condition = address.get(url_state.COMPARE, conditions.DEFAULT)
    notes = (*notes, *url_state.unknown(address))
    try:
        lookup(url_state.COMPARE, url_state.shortened(condition), conditions.CONDITIONS)
    except ConfigError as error:
        condition = conditions.DEFAULT
        notes = (*notes, str(error))
    controls.initialise(values, condition)
    actions.note(notes)


def _note_missing_runs(address: dict[str, str]) -> None:
    """Add a note if a run in the address does not exist, or no longer does."""
    for name, sentence in (
        (url_state.RUN, text.NO_SUCH_RUN),
        (url_state.COMPARED, text.NO_SUCH_COMPARED_RUN),
    ):
        if name in address and not shown_runs.exists(address[name]):
            actions.note([*actions.notes(), sentence])
            return  # without the main run, the compared one has no meaning


def _base_values(shown: ShownRuns | None) -> Values:
    """The values of the controls for an address that contains none."""
    config = shown.main.config if shown and not shown.recorded else None
    return values_of(config or RunConfig())


def _draw_controls() -> Selection | None:
    try:
        return controls.draw_controls()
    except ConfigError as error:
        st.error(text.sentence(str(error)))
        return None


def _update_address(
    address: dict[str, str], shown: ShownRuns | None, selection: Selection | None
) -> None:
    """Make the address describe the page, so that a copy of it shows the same."""
    if selection is None:  # the values are invalid
        return
    runs = {}
    if shown is not None and shown.main.follower.run_id == address.get(url_state.RUN):
        runs[url_state.RUN] = shown.main.follower.run_id
        if shown.compared is not None:
            runs[url_state.COMPARED] = shown.compared.follower.run_id
    described = {**runs, **url_state.write(controls.current_values(), _base_values(shown))}
    if selection.condition != conditions.DEFAULT:
        described[url_state.COMPARE] = selection.condition
    if described != address:
        st.query_params.from_dict(described)
