"""The common style of all charts: colours for colour-blind readers, axes, shading."""

from collections.abc import Sequence
from typing import Any

from app.view_data.hypnogram import Block
from core.schedule.hypnogram import Stage

Figure = dict[str, Any]
"""A Plotly figure: ``data``, a list of traces, and ``layout``; all of it JSON values."""

OLD = "#2F81C4"  # blue: old memories, and the REM stages that dream of them
NEW = "#DB7A12"  # orange: new memories, and the NREM stages that replay them
GREY = "#8A90A0"  # neither
STAGE_COLOURS = {Stage.NREM: NEW, Stage.REM: OLD}

LEGEND = {
    "orientation": "h",
    "xref": "container",
    "x": 0,
    "yref": "container",
    "y": 1,
    "yanchor": "top",
    "itemwidth": 30,
    "font": {"size": 12},
}
IN_PAIRS = {**LEGEND, "entrywidthmode": "fraction", "entrywidth": 0.4}

MAX_POINTS = 2_000  # of a line: more than the pixels of a chart, and fast to draw in a browser
_MAX_SHADED = 200  # REM stages that can still be distinguished
_MAX_TICKS = 12


def uid(name: str) -> str:
    """Return a trace's identity across updates; Plotly uses it in CSS selectors."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def layout(height: int, revision: str, **properties: Any) -> dict[str, Any]:
    """Return a layout with the common style.

    Parameters
    ----------
    height : int
        Height in pixels.
    revision : str
        Zoom and hidden traces last while it is the same (Plotly's ``uirevision``).
    **properties : Any
        Further properties of the layout; they replace the common ones.

    Returns
    -------
    dict
        A Plotly layout.
    """
    return {
        "height": height,
        "margin": {"l": 52, "r": 12, "t": 46, "b": 40},
        "uirevision": revision,
        "hovermode": "x unified",
        "legend": LEGEND,
        **properties,
    }


def tick_step(cycles: int) -> int:
    """Return the number of cycles between two ticks of an axis: 1, or a multiple of 5."""
    return 1 if cycles <= _MAX_TICKS else 5 * -(-cycles // (5 * _MAX_TICKS))


def night_axis(night: Sequence[Block], epochs: int = 0) -> dict[str, Any]:
    """Return an x axis over epochs, at least ``epochs`` long, with ticks at the ends of cycles."""
    ends = {block.cycle: block.start + block.epochs for block in night}
    step = tick_step(len(ends))
    ticks = {0: 0} | {cycle: end for cycle, end in ends.items() if cycle % step == 0}
    length = max(epochs, *ends.values(), 1)
    return {
        "title": {"text": "cycle (0 = before the night)", "standoff": 8},
        "tickmode": "array",
        "tickvals": list(ticks.values()),
        "ticktext": [str(cycle) for cycle in ticks],
        "range": [-0.015 * length, 1.015 * length],  # space for the first and the last marker
        "showgrid": False,
        "zeroline": False,
    }


def shading(night: Sequence[Block]) -> list[dict[str, Any]]:
    """Return a shaded rectangle per REM stage; [] for a night with too many of them."""
    stages = [block for block in night if block.stage is Stage.REM]
    if len(stages) > _MAX_SHADED:
        return []
    return [
        {
            "type": "rect",
            "layer": "below",
            "xref": "x",
            "yref": "paper",
            "x0": block.start,
            "x1": block.start + block.epochs,
            "y0": 0,
            "y1": 1,
            "fillcolor": STAGE_COLOURS[Stage.REM],
            "opacity": 0.1,
            "line": {"width": 0},
        }
        for block in stages
    ]


def playhead_line(night: Sequence[Block], cycle: int) -> list[dict[str, Any]]:
    """Return a vertical line at the end of ``cycle``, the cycle that the page shows."""
    end = max((b.start + b.epochs for b in night if b.cycle <= cycle), default=0)
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": end, "x1": end, "y0": 0, "y1": 1}
        | {"line": line}
    ]
