"""What all charts share: colours that the colour-blind can tell apart, axes, shading."""

from collections.abc import Sequence
from typing import Any

from app.view_data.hypnogram import Block
from core.schedule.hypnogram import Stage

Figure = dict[str, Any]
"""What Plotly draws: ``data``, a list of traces, and ``layout``; all of it JSON values."""

OLD = "#2F81C4"  # blue: old memories, and the REM sleep that dreams of them
NEW = "#DB7A12"  # orange: new memories, and the NREM sleep that replays them
GREY = "#8A90A0"  # what is neither
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

MOST_POINTS = 2_000  # of a line: more than there are pixels, and no more than a browser draws
_MOST_SHADES = 200  # REM stages that can be told apart
_MOST_TICKS = 12


def uid(name: str) -> str:
    """A trace's identity from one update to the next; Plotly makes CSS selectors of it."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def layout(height: int, revision: str, **more: Any) -> dict[str, Any]:
    """A layout of ``height`` pixels; what a visitor has zoomed lasts while ``revision`` does."""
    return {
        "height": height,
        "margin": {"l": 52, "r": 12, "t": 46, "b": 40},
        "uirevision": revision,
        "hovermode": "x unified",
        "legend": LEGEND,
        **more,
    }


def tick_step(cycles: int) -> int:
    """Every how many cycles an axis has a tick: 1, or a multiple of 5."""
    return 1 if cycles <= _MOST_TICKS else 5 * -(-cycles // (5 * _MOST_TICKS))


def night_axis(night: Sequence[Block], epochs: int = 0) -> dict[str, Any]:
    """An x axis in epochs whose ticks are the ends of cycles; at least ``epochs`` long."""
    ends = {block.cycle: block.start + block.epochs for block in night}
    step = tick_step(len(ends))
    ticks = {0: 0} | {cycle: end for cycle, end in ends.items() if cycle % step == 0}
    whole = max(epochs, *ends.values(), 1)
    return {
        "title": {"text": "cycle (0 = before the night)", "standoff": 8},
        "tickmode": "array",
        "tickvals": list(ticks.values()),
        "ticktext": [str(cycle) for cycle in ticks],
        "range": [-0.015 * whole, 1.015 * whole],  # room for the first and the last marker
        "showgrid": False,
        "zeroline": False,
    }


def shading(night: Sequence[Block]) -> list[dict[str, Any]]:
    """A tint behind each REM stage; NREM is what lies between. None where they are too many."""
    stages = [block for block in night if block.stage is Stage.REM]
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
        if len(stages) <= _MOST_SHADES
    ]


def playhead_line(night: Sequence[Block], cycle: int) -> list[dict[str, Any]]:
    """A line where ``cycle`` ends, for the cycle that the page shows."""
    end = max((b.start + b.epochs for b in night if b.cycle <= cycle), default=0)
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": end, "x1": end, "y0": 0, "y1": 1}
        | {"line": line}
    ]
