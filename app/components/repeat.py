"""A part of the page that is drawn again and again, as fast as the browser keeps up with it.

Streamlit's ``run_every`` ticks whatever the browser is at. One that is busy, for it loads the page,
would then be sent a second drawing before it has shown the first, and Streamlit loses values of
widgets that it has not shown yet, see ``repeat.js``.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

# The status line of a night that goes on, and the results of a night that is played.
Part = Literal["poll", "beat"]

_COMPONENT = "sleep_repeat"
_SCRIPT = (Path(__file__).parent / "repeat.js").read_text("utf-8")


def repeat(draw: Callable[[], None], *, key: Part, after_s: float | None) -> None:
    """Call ``draw``, and again ``after_s`` seconds after what it drew was shown; None for once.

    It is a fragment, which may ask for the whole page with `st.rerun`.
    """

    def once() -> None:
        draw()
        if after_s is not None:
            _mounted()(
                key=key,
                data={"after_s": after_s, "drawn": time.monotonic()},
                on_again_change=lambda: None,
            )

    st.fragment(once)()


def asked() -> bool:
    """Whether it was such a part that asked for what is drawn now, and no hand."""
    return any("again" in (st.session_state.get(key) or {}) for key in get_args(Part))


def _mounted() -> Any:
    # Registered with every run of the script, as in `app.components.figure`.
    return st.components.v2.component(_COMPONENT, js=_SCRIPT, isolate_styles=False)
