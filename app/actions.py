"""What a visitor can ask for: a night, its stop, its rest. What goes wrong is one sentence.

Each draws the page anew when it was done, and stays on it with the sentence when it was not.
"""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from app import conditions, text, url_state
from app.controls import Chosen
from app.shown_runs import ShownRuns
from app.visitor import Visitor, person, visitor
from core import jobs
from core.support import environment
from core.support.errors import SleepError

_NOTES = "notes"  # in the session's state
_BEGINNING_S, _LOOK_S = 0.25, 0.01


def start(chosen: Chosen, shown: ShownRuns | None) -> None:
    """Ask for the chosen night and the one beside it, and show them."""
    st.session_state.pop(_NOTES, None)
    try:
        who = visitor()
        mine = jobs.submit(chosen.config, person=who.person, address=who.address)
    except (SleepError, OSError) as error:
        _tell("started", error)
        return
    st.query_params[url_state.RUN] = mine
    st.query_params.pop(url_state.COMPARED, None)
    beside = _beside(chosen, shown, who)
    if beside is not None:
        st.query_params[url_state.COMPARED] = beside
    _await_beginning(mine)
    st.rerun()


def stop(run_ids: Sequence[str]) -> None:
    """Ask for the runs' end, which only their owner may."""
    _each("stopped", run_ids, lambda run_id: jobs.stop(run_id, person=person()))


def resume(run_ids: Sequence[str]) -> None:
    """Ask for the rest of the runs' nights, which only their owner may."""

    def ask(run_id: str) -> None:
        who = visitor()
        jobs.resume(run_id, person=who.person, address=who.address)

    _each("resumed", run_ids, ask)


def note(sentences: Sequence[str]) -> None:
    """Tell these until the next night starts."""
    st.session_state[_NOTES] = tuple(sentences)


def notes() -> tuple[str, ...]:
    """What is to be told."""
    return tuple(st.session_state.get(_NOTES, ()))


def _beside(chosen: Chosen, shown: ShownRuns | None, who: Visitor) -> str | None:
    """The run beside the chosen night: the last one, or one asked for now."""
    if chosen.compare == conditions.LAST:
        return shown.mine.follower.run_id if shown else None
    config = conditions.compared_config(chosen.compare, chosen.config)
    if config is None:
        if chosen.compare != conditions.NOTHING:
            note([text.SAME_NIGHT])
        return None
    try:
        return jobs.submit(config, person=who.person, address=who.address)
    except (SleepError, OSError) as error:  # one's own night goes on all the same
        note([f"The night beside it could not be started: {_sentence(error)}"])
        return None


def _await_beginning(run_id: str) -> None:
    """Wait the moment that a free worker needs, so that the page is drawn once and not twice."""
    if not jobs.engine_ready():
        return
    follower = jobs.Follower(run_id)
    end = time.monotonic() + _BEGINNING_S
    while not follower.update().state.stages and time.monotonic() < end:
        time.sleep(_LOOK_S)


def _each(done: str, run_ids: Sequence[str], ask: Callable[[str], None]) -> None:
    """Ask for every run, whatever becomes of the others; ``done`` is the verb in a sentence."""
    told = False
    for run_id in run_ids:
        try:
            ask(run_id)
        except (SleepError, OSError) as error:
            _tell(done, error)
            told = True
    if not told:
        st.rerun()


def _tell(done: str, error: SleepError | OSError) -> None:
    st.error(text.literal(f"The night could not be {done}: {_sentence(error)}"))


def _sentence(error: SleepError | OSError) -> str:
    if isinstance(error, SleepError):
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"{error.strerror or error}{where}. Make room or give access in "
        f"{environment.outputs_dir()}, or let SLEEP_OUTPUTS_DIR name another folder."
    )
