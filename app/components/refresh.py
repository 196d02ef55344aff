"""Parts of the page that are drawn again without the rest, no faster than the browser can show.

Streamlit's ``run_every`` ticks even while the browser is busy, for example while it loads the page.
The browser would then receive a second drawing before it has shown the first, and Streamlit loses
the values of widgets that it has not shown yet, see ``refresh.js``.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

# The hypnogram, the status line, and the results with the playhead.
Part = Literal["schedule_part", "status_part", "results_part"]
PARTS: tuple[Part, ...] = get_args(Part)

_COMPONENT = "sleep_refresh"
_SCRIPT = (Path(__file__).parent / "refresh.js").read_text("utf-8")


def refreshing(
    draw: Callable[[], float | None],
    *,
    key: Part,
    before_refresh: Callable[[], None] = lambda: None,
) -> None:
    """Draw a part of the page as a fragment, and again after the time that ``draw`` returns.

    Parameters
    ----------
    draw : callable
        Draws the part. Returns the seconds from the time when the browser has shown it to the next
        drawing, or None for no further drawing.
    key : Part
        Key of the fragment and of its timer.
    before_refresh : callable, optional
        Called before the part is drawn again by the timer; it may call `refresh_all` or
        `st.rerun` to draw more of the page.
    """

    def once() -> None:
        after_s = draw()
        if after_s is not None:
            _mounted()(
                key=key,
                data={"after_s": after_s, "drawn": time.monotonic()},
                on_refresh_change=before_refresh,
            )

    st.fragment(once, key=key)()


def refresh_all() -> None:
    """Draw all these parts and nothing else; to be called from ``before_refresh``."""
    st.rerun(PARTS)


def refreshed_by_timer() -> bool:
    """Return whether a timer requested the current drawing, and not a visitor."""
    return any("refresh" in (st.session_state.get(part) or {}) for part in PARTS)


def _mounted() -> Any:
    # Registered each time that the script runs, see `app.components.figure`.
    return st.components.v2.component(_COMPONENT, js=_SCRIPT, isolate_styles=False)
