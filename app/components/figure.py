"""A Plotly figure that keeps its zoom, hidden traces and DOM node while its data change.

Streamlit's own chart is removed from the page and inserted again at every change of its data. This
component passes the new figure to ``Plotly.react`` in the browser, see ``figure.js``.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import streamlit as st

from app.charts.style import Figure

# Plotly's build with few kinds of charts, from its npm package plotly.js-basic-dist-min: a browser
# runs it a second sooner than the full build in Plotly's Python package. The file name contains the
# version, so that a browser's cache never returns an older one.
LIBRARY = "app/static/plotly-basic-4.1.1.min.js"

_HTML = '<div class="figure" role="img"></div>'
_PRELOAD = """<script>
document.head.append(
  Object.assign(document.createElement("link"), {{rel: "preload", as: "script", href: "{source}"}})
);
</script>"""
_COMPONENT = "sleep_figure"
_SCRIPT = (Path(__file__).parent / "figure.js").read_text("utf-8")


def figure(content: Figure, *, key: str, alt: str, static: bool = False) -> None:
    """Show a Plotly figure.

    Parameters
    ----------
    content : Figure
        The figure; its layout contains the height in pixels.
    key : str
        Prefix of the component's key, and file name of a downloaded picture.
    alt : str
        A sentence that describes the figure.
    static : bool, default False
        Whether zoom and buttons are disabled.
    """
    text = json.dumps(content, separators=(",", ":"))
    _mounted()(
        key=f"{key}_figure",
        data={
            "figure": text,
            "version": f"{zlib.crc32(text.encode()):08x}",
            "height": content["layout"]["height"],
            "alt": alt,
            "name": key,
            "static": static,
            "source": LIBRARY,
        },
    )


def preload() -> None:
    """Let the browser fetch Plotly's script before the first figure needs it."""
    with st.container(key="preload"):
        st.html(_PRELOAD.format(source=LIBRARY), unsafe_allow_javascript=True)


def _mounted() -> Any:
    # Registered each time that the script runs: Streamlit has one registry per server, and a test's
    # server is not the one that exists when this module is imported.
    return st.components.v2.component(
        _COMPONENT,
        html=_HTML,
        css=".figure { width: 100%; }",
        js=_SCRIPT,
        isolate_styles=False,
    )
