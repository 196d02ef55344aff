"""A secret that the visitor's browser stores in a first-party cookie, see ``cookie.js``."""

from pathlib import Path
from typing import Any

import streamlit as st

_COMPONENT = "sleep_cookie"
_SCRIPT = (Path(__file__).parent / "cookie.js").read_text("utf-8")


def cookie(name: str, secret: str, *, key: str) -> None:
    """Let the browser store a secret, unless it stores another one already.

    Parameters
    ----------
    name : str
        Name of the cookie.
    secret : str
        32 hexadecimal digits.
    key : str
        Key of the component; `stored_secret` with the same key returns the browser's answer.
    """
    answer = stored_secret(key)
    with st.container(key=f"{key}_cookie"):
        _mounted()(
            key=key,
            data={"name": name, "secret": secret, "known": secret if answer is None else answer},
            on_stored_change=lambda: None,
        )


def stored_secret(key: str) -> object:
    """Return the browser's answer: None if it stores the secret that it was sent.

    Otherwise the other secret that it stores, or "" if it stores no cookies. The value is
    untrusted.
    """
    return (st.session_state.get(key) or {}).get("stored")


def _mounted() -> Any:
    # Registered each time that the script runs, see `app.components.figure`.
    return st.components.v2.component(_COMPONENT, js=_SCRIPT, isolate_styles=False)
