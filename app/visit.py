"""What a browser session keeps: who its visitor is, and the run that its address names."""

import secrets
from dataclasses import dataclass

import streamlit as st

from core.config import RunConfig
from core.errors import LogError, RunError
from core.jobs import Follower
from core.store.folder import find_run

_PERSON, _WATCHED = "person", "watched"  # in the session's state


@dataclass(frozen=True)
class Watched:
    """A run that the page shows; ``config`` is None where its files do not tell it."""

    follower: Follower
    config: RunConfig | None


def person() -> str:
    """Whose turn this session's runs take in the queue: nobody logs in, so a name by chance."""
    if _PERSON not in st.session_state:
        st.session_state[_PERSON] = f"visitor-{secrets.token_hex(4)}"
    return str(st.session_state[_PERSON])


def watched(run_id: str | None) -> Watched | None:
    """The run of that id, followed once a session; None for no id or what is not a run's."""
    if run_id is None:
        return None
    try:
        folder = find_run(run_id)  # again each time, because a run may be deleted
    except RunError:
        return None
    known = st.session_state.get(_WATCHED)
    if not isinstance(known, Watched) or known.follower.folder != folder:
        follower = Follower(run_id)
        known = st.session_state[_WATCHED] = Watched(follower, _config(follower))
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
