"""The runs that a browser session's address names."""

from dataclasses import dataclass

import streamlit as st

from core.jobs import Follower
from core.jobs.ownership import owner
from core.runs.folder import find_run
from core.schedule.config import RunConfig
from core.support.errors import LogError, RunError

EXAMPLE = ("example", "example-without-rem")  # recorded nights that ship with the program

_WATCHED = "watched"  # in the session's state


@dataclass(frozen=True)
class WatchedRun:
    """A run that the page shows; ``config`` is None where its files do not tell it.

    ``owner`` is the person who started it; None where only the host may stop or resume it.
    """

    follower: Follower
    config: RunConfig | None
    owner: str | None


@dataclass(frozen=True)
class ShownRuns:
    """One's own night and the one beside it; ``recorded`` where they are the program's example."""

    mine: WatchedRun
    beside: WatchedRun | None
    recorded: bool


def find_shown_runs(run_id: str | None, beside_id: str | None) -> ShownRuns | None:
    """The runs of those ids, else the example; None where there is not even that."""
    mine = _watched(run_id)
    if mine is not None:
        beside = _watched(beside_id) if beside_id != run_id else None
        return ShownRuns(mine, beside, recorded=run_id in EXAMPLE)
    example, without = (_watched(name) for name in EXAMPLE)
    return None if example is None else ShownRuns(example, without, recorded=True)


def exists(run_id: str) -> bool:
    """Whether there is a run of that id, which may come from an address."""
    try:
        find_run(run_id)
    except RunError:
        return False
    return True


def _watched(run_id: str | None) -> WatchedRun | None:
    """The run of that id, followed once a session; None for no id or what is not a run's."""
    if run_id is None:
        return None
    try:
        folder = find_run(run_id)  # again each time, because a run may be deleted
    except RunError:
        return None
    watched: dict[str, WatchedRun] = st.session_state.setdefault(_WATCHED, {})
    known = watched.get(run_id)
    if known is None or known.follower.folder != folder:
        follower = Follower(run_id)
        known = watched[run_id] = WatchedRun(follower, _config(follower), owner(follower.folder))
    return known


def _config(follower: Follower) -> RunConfig | None:
    """The night's config: as it was asked for, else as its log tells it."""
    try:
        return follower.folder.record().config
    except LogError:
        night = follower.update().state.night
    try:
        return RunConfig.from_dict(night.config) if night else None
    except (TypeError, ValueError):  # a log of another version of the program
        return None
