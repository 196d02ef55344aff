"""The status of the runs, and the buttons to run, stop and resume them."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app import actions, controls, status_text, text, visitor
from app.controls import Selection
from app.settings import settings_without_control, values_of
from app.shown_runs import ShownRuns, WatchedRun
from app.snapshot import PageSnapshot
from app.view_data.hypnogram import describe
from core.jobs import Follower, Snapshot, Status

Run = tuple[WatchedRun, Snapshot]

_COLOURS: dict[Status, Literal["gray", "violet", "green", "red", "orange"]] = {
    "queued": "gray",
    "running": "violet",
    "done": "green",
    "stopped": "gray",
    "failed": "red",
    "interrupted": "orange",
}


def buttons(shown: ShownRuns | None, now: PageSnapshot | None, selection: Selection | None) -> None:
    """Draw Stop while a run of the visitor is active, else Run, and Resume for unfinished runs.

    Parameters
    ----------
    shown : ShownRuns or None
        The shown runs.
    now : PageSnapshot or None
        Their state.
    selection : Selection or None
        The run that the controls select; Run is disabled without one.
    """
    own_runs = _own_runs(shown, now) if shown is not None and now is not None else []
    active = [watched.follower for watched, snapshot in own_runs if snapshot.active]
    if active:
        _stop_button(active)
        return
    pressed = st.button(
        "Run", key="run", type="primary", icon=":material/bedtime:", disabled=selection is None
    )
    if pressed and selection is not None:
        actions.start(selection, shown)
    _resume_button(own_runs)


def status(shown: ShownRuns, now: PageSnapshot, selection: Selection | None) -> None:
    """Draw the status of the shown runs.

    Parameters
    ----------
    shown : ShownRuns
        The shown runs.
    now : PageSnapshot
        Their state.
    selection : Selection or None
        The run that the controls select.
    """
    with st.container(key="run_status", gap="xsmall"):
        if shown.recorded:
            st.markdown(f":gray-badge[example] {text.RECORDED}")
        else:
            _draw_status_line(now)
            _draw_description(shown, selection)
            _draw_ownership(shown, now)


def no_run() -> None:
    """Draw the status of a page without a run."""
    with st.container(key="run_status"):
        st.caption(text.NO_RUN)


def _draw_status_line(now: PageSnapshot) -> None:
    reported = now.snapshots[now.reported_index]
    colour = _COLOURS[reported.status]
    line = text.literal(status_text.status_line(now))
    st.markdown(f":{colour}-badge[{reported.status}] {line}")
    if now.active:
        st.progress(now.progress)
    for snapshot in now.snapshots:
        if snapshot.problem is not None:
            # A failed run has ended; a waiting one continues once the engine can work.
            show = st.error if snapshot.status == "failed" else st.warning
            show(text.sentence(snapshot.problem.sentence))


def _draw_description(shown: ShownRuns, selection: Selection | None) -> None:
    config = shown.main.config
    if config is None:
        return
    changed = selection is not None and controls.current_values() != values_of(config)
    hidden = settings_without_control(config)
    sentences = [
        f"This run: {describe(config)}.",
        *([f"The controls do not show its {', '.join(hidden)}."] if hidden else []),
        *([text.CONTROLS_CHANGED] if changed else []),
    ]
    st.caption(text.literal(" ".join(sentences)))


def _draw_ownership(shown: ShownRuns, now: PageSnapshot) -> None:
    """Draw who may stop or resume the shown runs, while that is possible."""
    unfinished = _unfinished(_runs(shown, now))
    foreign = [run for run in unfinished if run[0].owner != visitor.person()]
    if foreign:
        by_visitors = [visitor.is_visitor_name(watched.owner) for watched, _ in foreign]
        active = any(snapshot.active for _, snapshot in foreign)
        shown_count = len(now.snapshots)
        st.caption(text.who_can_control(by_visitors, shown=shown_count, active=active))
    elif now.active:
        st.caption(text.OWN_RUN)
    if unfinished and visitor.without_cookies():
        st.caption(text.NO_COOKIES)


def _stop_button(active: Sequence[Follower]) -> None:
    stopping = all(follower.folder.stop.exists() for follower in active)
    pressed = st.button(
        "Stopping" if stopping else "Stop", key="stop", icon=":material/stop:", disabled=stopping
    )
    if pressed:
        actions.stop([follower.run_id for follower in active])


def _resume_button(own_runs: Sequence[Run]) -> None:
    run_ids = [watched.follower.run_id for watched, _ in _unfinished(own_runs)]
    if not run_ids:
        return
    label = "Resume both" if len(run_ids) > 1 else "Resume"
    if st.button(label, key="resume", icon=":material/resume:"):
        actions.resume(run_ids)


def _unfinished(runs: Sequence[Run]) -> list[Run]:
    """The runs that can be stopped or resumed."""
    return [
        (watched, snapshot)
        for watched, snapshot in runs
        if snapshot.status != "done" and not watched.follower.folder.recorded
    ]


def _own_runs(shown: ShownRuns, now: PageSnapshot) -> list[Run]:
    return [run for run in _runs(shown, now) if run[0].owner == visitor.person()]


def _runs(shown: ShownRuns, now: PageSnapshot) -> list[Run]:
    watched = (shown.main, shown.compared)
    return list(zip([run for run in watched if run is not None], now.snapshots, strict=True))
