"""A Plotly figure that keeps zoom, hidden traces and its place while new points come.

Streamlit's own chart is taken out of the page and put in anew with every change of its data; this
one hands the new figure to ``Plotly.react`` in the browser, see ``figure.js``.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import streamlit as st

from app.charts.style import Figure

# Plotly's build with few kinds of charts, as its npm package plotly.js-basic-dist-min has it: a
# browser runs it a second sooner than the whole one that comes with Plotly's Python. The version is
# in its name, so that no browser takes an old one from its cache.
LIBRARY = "app/static/plotly-basic-4.1.1.min.js"

_HTML = '<div class="figure" role="img"></div>'
_PRELOAD = """<script>
document.head.append(
  Object.assign(document.createElement("link"), {{rel: "preload", as: "script", href: "{source}"}})
);
</script>"""
_COMPONENT = "sleep_figure"
_SCRIPT = (Path(__file__).parent / "figure.js").read_text("utf-8")


def figure(drawn: Figure, *, key: str, alt: str, quiet: bool = False) -> None:
    """Show ``drawn``, whose layout says its height in pixels.

    ``alt`` tells in a sentence what there is to see, ``quiet`` takes away zoom and buttons.
    """
    text = json.dumps(drawn, separators=(",", ":"))
    _mounted()(
        key=f"{key}_figure",
        data={
            "figure": text,
            "version": f"{zlib.crc32(text.encode()):08x}",
            "height": drawn["layout"]["height"],
            "alt": alt,
            "name": key,
            "quiet": quiet,
            "source": LIBRARY,
        },
    )


def preload() -> None:
    """Let the browser fetch Plotly's script before it comes to the first figure."""
    with st.container(key="preload"):
        st.html(_PRELOAD.format(source=LIBRARY), unsafe_allow_javascript=True)


def _mounted() -> Any:
    # Registered with every run of the script: Streamlit keeps one registry for each server, and
    # a test's server is another one than that of this module's import.
    return st.components.v2.component(
        _COMPONENT,
        html=_HTML,
        css=".figure { width: 100%; }",
        js=_SCRIPT,
        isolate_styles=False,
    )
