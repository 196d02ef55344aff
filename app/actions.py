"""What a visitor can ask for: a night, its stop, its rest. What goes wrong is one sentence.

Each draws the page anew when it was done, and stays on it with the sentence when it was not.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app import visit, words
from core import jobs, settings
from core.config import RunConfig
from core.errors import SleepError

RUN = "run"  # in the address, so that a refresh shows the same night


def start(config: RunConfig) -> None:
    """Ask for ``config``'s night and show it."""
    with _told("started"):
        st.query_params[RUN] = jobs.submit(config, person=visit.person())
        st.rerun()


def stop(run_id: str) -> None:
    """Ask for the run's end."""
    with _told("stopped"):
        jobs.stop(run_id)
        st.rerun()


def resume(run_id: str) -> None:
    """Ask for the rest of the run's night."""
    with _told("resumed"):
        jobs.resume(run_id, person=visit.person())
        st.rerun()


@contextmanager
def _told(done: str) -> Iterator[None]:
    """Tell what went wrong in the block, in a sentence with ``done`` ("started") as its verb."""
    try:
        yield
    except SleepError as error:
        st.error(words.literal(f"The night could not be {done}: {error}"))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        st.error(
            words.literal(
                f"The night could not be {done}: {error.strerror or error}{where}. Make room or "
                f"give access in {settings.outputs_dir()}, or let SLEEP_OUTPUTS_DIR name another "
                "folder."
            )
        )
