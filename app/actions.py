"""Start, stop and resume runs for a visitor. Each failure is reported as one sentence.

After success the page is drawn again; after a failure it stays and shows the sentence.
"""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from app import conditions, text, url_state
from app.controls import Selection
from app.shown_runs import ShownRuns
from app.visitor import Visitor, person, visitor
from core import jobs
from core.support import environment
from core.support.errors import SleepError

START_WAIT_S = 0.25
"""The longest time that `start` waits for a free worker to begin the run."""

_NOTES = "notes"  # in the session's state
_POLL_S = 0.01


def start(selection: Selection, shown: ShownRuns | None) -> None:
    """Submit the selected run and the run to compare it with, and show both."""
    st.session_state.pop(_NOTES, None)
    try:
        submitter = visitor()
        run_id = jobs.submit(selection.config, person=submitter.person, address=submitter.address)
    except (SleepError, OSError) as error:
        _show_error("started", error)
        return
    st.query_params[url_state.RUN] = run_id
    st.query_params.pop(url_state.COMPARED, None)
    compared_id = _submit_compared(selection, shown, submitter)
    if compared_id is not None:
        st.query_params[url_state.COMPARED] = compared_id
    _await_first_measure(run_id)
    st.rerun()


def stop(run_ids: Sequence[str]) -> None:
    """Request a stop of the runs; only their owner may do so."""
    _for_every_run("stopped", run_ids, lambda run_id: jobs.stop(run_id, person=person()))


def resume(run_ids: Sequence[str]) -> None:
    """Submit the rest of the runs; only their owner may do so."""

    def resume_one(run_id: str) -> None:
        submitter = visitor()
        jobs.resume(run_id, person=submitter.person, address=submitter.address)

    _for_every_run("resumed", run_ids, resume_one)


def note(sentences: Sequence[str]) -> None:
    """Show these notes until the next run starts."""
    st.session_state[_NOTES] = tuple(sentences)


def notes() -> tuple[str, ...]:
    """Return the notes to show."""
    return tuple(st.session_state.get(_NOTES, ()))


def _submit_compared(
    selection: Selection, shown: ShownRuns | None, submitter: Visitor
) -> str | None:
    """Return the id of the compared run: the last one, or one submitted now."""
    if selection.condition == conditions.LAST:
        return shown.main.follower.run_id if shown else None
    config = conditions.compared_config(selection.condition, selection.config)
    if config is None:
        if selection.condition != conditions.NOTHING:
            note([text.SAME_NIGHT])
        return None
    try:
        return jobs.submit(config, person=submitter.person, address=submitter.address)
    except (SleepError, OSError) as error:  # the main run continues all the same
        note([f"The compared run could not be started: {_sentence(error)}"])
        return None


def _await_first_measure(run_id: str) -> None:
    """Wait briefly, so that the page is drawn once and not twice when a worker is free."""
    if not jobs.engine_ready():
        return
    follower = jobs.Follower(run_id)
    end = time.monotonic() + START_WAIT_S
    while not follower.update().state.stages and time.monotonic() < end:
        time.sleep(_POLL_S)


def _for_every_run(done: str, run_ids: Sequence[str], action: Callable[[str], None]) -> None:
    """Call ``action`` for every run, also after one fails; ``done`` is the verb in a sentence."""
    failed = False
    for run_id in run_ids:
        try:
            action(run_id)
        except (SleepError, OSError) as error:
            _show_error(done, error)
            failed = True
    if not failed:
        st.rerun()


def _show_error(done: str, error: SleepError | OSError) -> None:
    st.error(text.literal(f"The run could not be {done}: {_sentence(error)}"))


def _sentence(error: SleepError | OSError) -> str:
    if isinstance(error, SleepError):
        return str(error)
    file = f" ({error.filename})" if error.filename else ""
    return (
        f"{error.strerror or error}{file}. Free space or grant access in "
        f"{environment.outputs_dir()}, or set SLEEP_OUTPUTS_DIR to another folder."
    )
