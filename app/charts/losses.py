"""The chart of the training loss over epochs."""

from typing import Any

from app.charts.style import (
    GREY,
    IN_PAIRS,
    MAX_POINTS,
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


def loss_chart(runs: ComparedRuns, revision: str, cycle: int) -> Figure:
    """Return the losses of the main run, and the total of the compared one.

    Parameters
    ----------
    runs : ComparedRuns
        The runs; the REM stages of the main one are shaded.
    revision : str
        Zoom and hidden traces last while it is the same, see `app.charts.style.layout`.
    cycle : int
        The cycle whose end is marked.

    Returns
    -------
    Figure
        A figure with a logarithmic y axis, in nats per image.
    """
    main, *others = runs
    traces = [
        _line(loss_series(main.state, loss, MAX_POINTS), name, colour, dash)
        for loss, name, colour, dash in _LINES
    ]
    traces += [
        _line(loss_series(run.state, "total", MAX_POINTS), f"total, {run.name}", GREY, "solid")
        for run in others
    ]
    night = run_blocks(main.state)
    return {
        "data": traces,
        "layout": layout(
            HEIGHT,
            revision,
            xaxis=night_axis(night, max(run.state.epochs for run in runs)),
            yaxis={"title": {"text": "nats per image", "standoff": 6}, "type": "log", "dtick": 1},
            shapes=[*shading(night), *playhead_line(night, cycle)],
            legend=IN_PAIRS,
        ),
    }


def _line(series: Series, name: str, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": uid(name),
        "name": name,
        "mode": "lines",
        "line": {"color": colour, "dash": dash, "width": 1.8},
        "x": list(series.epochs),
        "y": [round(value, 3) for value in series.means],
        "text": list(series.where),
        "hovertemplate": "%{y:.1f} (%{text})",
    }
