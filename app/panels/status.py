"""Where the runs are, and what can be asked of them."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app import actions, controls, status_text, text, visitor
from app.controls import Chosen
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


def buttons(shown: ShownRuns | None, now: PageSnapshot | None, chosen: Chosen | None) -> None:
    """Draw Run, or Stop while a night of the visitor goes on, and Resume for one that broke off."""
    own = _own(shown, now) if shown is not None and now is not None else []
    going = [watched.follower for watched, snapshot in own if snapshot.active]
    if going:
        _stop_button(going)
        return
    pressed = st.button(
        "Run this night",
        key="run",
        type="primary",
        icon=":material/bedtime:",
        disabled=chosen is None,
    )
    if pressed and chosen is not None:
        actions.start(chosen, shown)
    _resume_button(own)


def status(shown: ShownRuns, now: PageSnapshot, chosen: Chosen | None) -> None:
    """Draw where the runs are."""
    with st.container(key="run_status", gap="xsmall"):
        if shown.recorded:
            st.markdown(f":gray-badge[example] {text.RECORDED}")
        else:
            _standing(now)
            _of_this_night(shown, chosen)
            _whose(shown, now)


def none() -> None:
    """Draw that there is no run."""
    with st.container(key="run_status"):
        st.caption(text.NO_RUN)


def _standing(now: PageSnapshot) -> None:
    leading = now.snapshots[now.leading]
    colour = _COLOURS[leading.status]
    st.markdown(f":{colour}-badge[{leading.status}] {text.literal(status_text.status_line(now))}")
    if now.active:
        st.progress(now.progress)
    for snapshot in now.snapshots:
        if snapshot.problem is not None:
            # What fails is over; what waits goes on once the engine can work.
            tell = st.error if snapshot.status == "failed" else st.warning
            tell(text.sentence(snapshot.problem.sentence))


def _of_this_night(shown: ShownRuns, chosen: Chosen | None) -> None:
    config = shown.mine.config
    if config is None:
        return
    moved = chosen is not None and controls.current_values() != values_of(config)
    hidden = settings_without_control(config)
    told = [
        f"This night: {describe(config)}.",
        *([f"The controls do not show its {', '.join(hidden)}."] if hidden else []),
        *([text.MOVED] if moved else []),
    ]
    st.caption(text.literal(" ".join(told)))


def _whose(shown: ShownRuns, now: PageSnapshot) -> None:
    """Tell who may stop or resume what is shown, as long as that can be done."""
    left = _left(_runs(shown, now))
    foreign = [run for run in left if run[0].owner != visitor.person()]
    if foreign:
        by_visitors = [visitor.is_name(watched.owner) for watched, _ in foreign]
        active = any(snapshot.active for _, snapshot in foreign)
        st.caption(text.not_own(by_visitors, of=len(now.snapshots), active=active))
    elif now.active:
        st.caption(text.OWN_RUN)
    if left and visitor.forgotten():
        st.caption(text.NO_COOKIES)


def _stop_button(going: Sequence[Follower]) -> None:
    stopping = all(follower.folder.stop.exists() for follower in going)
    pressed = st.button(
        "Stopping" if stopping else "Stop", key="stop", icon=":material/stop:", disabled=stopping
    )
    if pressed:
        actions.stop([follower.run_id for follower in going])


def _resume_button(own: Sequence[Run]) -> None:
    left = [watched.follower.run_id for watched, _ in _left(own)]
    if not left:
        return
    label = "Resume both" if len(left) > 1 else "Resume"
    if st.button(label, key="resume", icon=":material/resume:"):
        actions.resume(left)


def _left(runs: Sequence[Run]) -> list[Run]:
    """Those of which something can be stopped or resumed."""
    return [
        (watched, snapshot)
        for watched, snapshot in runs
        if snapshot.status != "done" and not watched.follower.folder.recorded
    ]


def _own(shown: ShownRuns, now: PageSnapshot) -> list[Run]:
    return [run for run in _runs(shown, now) if run[0].owner == visitor.person()]


def _runs(shown: ShownRuns, now: PageSnapshot) -> list[Run]:
    both = (shown.mine, shown.beside)
    return list(zip([run for run in both if run is not None], now.snapshots, strict=True))
