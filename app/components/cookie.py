"""A secret that the visitor's browser keeps in a first-party cookie, see ``cookie.js``."""

from pathlib import Path
from typing import Any

import streamlit as st

_COMPONENT = "sleep_cookie"
_SCRIPT = (Path(__file__).parent / "cookie.js").read_text("utf-8")


def cookie(name: str, secret: str, *, key: str) -> None:
    """Let the browser keep ``secret``, unless it keeps another one already.

    `stored_secret` with the same ``key`` then returns what the browser answers.
    """
    answer = stored_secret(key)
    with st.container(key=f"{key}_cookie"):
        _mounted()(
            key=key,
            data={"name": name, "secret": secret, "known": secret if answer is None else answer},
            on_kept_change=lambda: None,
        )


def stored_secret(key: str) -> object:
    """What the browser answered: nothing (None) where it keeps what it was sent.

    Otherwise the other secret that it keeps, or "" if it keeps no cookies. The value is untrusted.
    """
    return (st.session_state.get(key) or {}).get("kept")


def _mounted() -> Any:
    # Registered with every run of the script, as in `app.components.figure`.
    return st.components.v2.component(_COMPONENT, js=_SCRIPT, isolate_styles=False)
