"""What training minimised, epoch by epoch."""

from typing import Any

from app.charts.style import (
    GREY,
    IN_PAIRS,
    MOST_POINTS,
    Figure,
    layout,
    night_axis,
    playhead_line,
    shading,
    uid,
)
from app.view_data.compared_runs import ComparedRuns
from app.view_data.hypnogram import run_blocks
from app.view_data.series import Loss, Series, loss_series

HEIGHT = 280
_LINES: tuple[tuple[Loss, str, str, str], ...] = (
    ("total", "total", "#6B4FBB", "solid"),
    ("reconstruction", "reconstruction", "#2A9D8F", "dash"),
    ("kl", "KL", "#B5446E", "dot"),
)


def loss_chart(arms: ComparedRuns, revision: str, cycle: int) -> Figure:
    """One's own night's losses, over the tint of its stages, and the total of the one beside it."""
    traces = [
        _line(loss_series(arms[0].state, loss, MOST_POINTS), name, colour, dash)
        for loss, name, colour, dash in _LINES
    ]
    traces += [
        _line(loss_series(arm.state, "total", MOST_POINTS), f"total, {arm.name}", GREY, "solid")
        for arm in arms[1:]
    ]
    night = run_blocks(arms[0].state)
    return {
        "data": traces,
        "layout": layout(
            HEIGHT,
            revision,
            xaxis=night_axis(night, max(arm.state.epochs for arm in arms)),
            yaxis={"title": {"text": "nats an image", "standoff": 6}, "type": "log", "dtick": 1},
            shapes=[*shading(night), *playhead_line(night, cycle)],
            legend=IN_PAIRS,
        ),
    }


def _line(found: Series, name: str, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": uid(name),
        "name": name,
        "mode": "lines",
        "line": {"color": colour, "dash": dash, "width": 1.8},
        "x": list(found.epochs),
        "y": [round(value, 3) for value in found.means],
        "text": list(found.where),
        "hovertemplate": "%{y:.1f} (%{text})",
    }
