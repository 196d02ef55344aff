"""The runs that a browser session's address names."""

from dataclasses import dataclass

import streamlit as st

from core.jobs import Follower
from core.jobs.ownership import owner
from core.runs.folder import find_run
from core.schedule.config import RunConfig
from core.support.errors import LogError, RunError

EXAMPLE = ("example", "example-without-rem")  # recorded runs that ship with the program

_WATCHED = "watched"  # in the session's state


@dataclass(frozen=True)
class WatchedRun:
    """A run that the page shows.

    Attributes
    ----------
    follower : Follower
        Reads the run's log.
    config : RunConfig or None
        None if the run's files do not contain a valid one.
    owner : str or None
        The person who started the run; None where only the host may stop or resume it.
    """

    follower: Follower
    config: RunConfig | None
    owner: str | None


@dataclass(frozen=True)
class ShownRuns:
    """The one or two runs on the page.

    Attributes
    ----------
    main : WatchedRun
        The run that the controls, the status and the playhead refer to.
    compared : WatchedRun or None
        The run that it is compared with.
    recorded : bool
        Whether they are the example that ships with the program.
    """

    main: WatchedRun
    compared: WatchedRun | None
    recorded: bool


def find_shown_runs(run_id: str | None, compared_id: str | None) -> ShownRuns | None:
    """Return the runs with these ids, else the example; None where that is missing too."""
    main = _watched(run_id)
    if main is not None:
        compared = _watched(compared_id) if compared_id != run_id else None
        return ShownRuns(main, compared, recorded=run_id in EXAMPLE)
    example, without_rem = (_watched(name) for name in EXAMPLE)
    return None if example is None else ShownRuns(example, without_rem, recorded=True)


def exists(run_id: str) -> bool:
    """Return whether a run has that id, which may be any text from an address."""
    try:
        find_run(run_id)
    except RunError:
        return False
    return True


def _watched(run_id: str | None) -> WatchedRun | None:
    """The run with that id, with one follower per session; None if there is no such run."""
    if run_id is None:
        return None
    try:
        folder = find_run(run_id)  # every time, because a run may be deleted
    except RunError:
        return None
    watched: dict[str, WatchedRun] = st.session_state.setdefault(_WATCHED, {})
    known = watched.get(run_id)
    if known is None or known.follower.folder != folder:
        follower = Follower(run_id)
        known = watched[run_id] = WatchedRun(follower, _config(follower), owner(follower.folder))
    return known


def _config(follower: Follower) -> RunConfig | None:
    """The run's config from its record, else from its log."""
    try:
        return follower.folder.record().config
    except LogError:
        night = follower.update().state.night
    try:
        return RunConfig.from_dict(night.config) if night else None
    except (TypeError, ValueError):  # a log of another version of the program
        return None
