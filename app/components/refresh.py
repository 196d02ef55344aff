"""Parts of the page that are drawn again without the rest, as fast as the browser keeps up.

Streamlit's ``run_every`` ticks whatever the browser is at. One that is busy, for it loads the page,
would then be sent a second drawing before it has shown the first, and Streamlit loses values of
widgets that it has not shown yet, see ``refresh.js``.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

# The hypnogram, the status line of a night that goes on, and the results, which may be played.
Part = Literal["night", "poll", "beat"]

_COMPONENT = "sleep_repeat"
_SCRIPT = (Path(__file__).parent / "refresh.js").read_text("utf-8")


def refreshing(
    draw: Callable[[], float | None], *, key: Part, again: Callable[[], None] = lambda: None
) -> None:
    """Call ``draw``, and again as many seconds as it says after what it drew was shown, if any.

    It is a fragment. Before it is drawn again ``again`` is called, which may ask for more with
    `refresh_all` or `st.rerun`.
    """

    def once() -> None:
        after_s = draw()
        if after_s is not None:
            _mounted()(
                key=key,
                data={"after_s": after_s, "drawn": time.monotonic()},
                on_again_change=again,
            )

    st.fragment(once, key=key)()


def refresh_all() -> None:
    """Draw all these parts, and nothing else of the page; for `refreshing`'s ``again``."""
    st.rerun(get_args(Part))


def refreshed_by_timer() -> bool:
    """Whether it was such a part that asked for what is drawn now, and no hand."""
    return any("again" in (st.session_state.get(key) or {}) for key in get_args(Part))


def _mounted() -> Any:
    # Registered with every run of the script, as in `app.components.figure`.
    return st.components.v2.component(_COMPONENT, js=_SCRIPT, isolate_styles=False)
