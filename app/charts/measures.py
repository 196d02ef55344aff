"""How measures of both memories went, for the nights that are compared."""

from collections.abc import Sequence
from typing import Any

from app.charts.style import (
    IN_PAIRS,
    MOST_POINTS,
    NEW,
    OLD,
    Figure,
    layout,
    night_axis,
    playhead_line,
    shading,
    uid,
)
from app.view_data.compared_runs import ComparedRuns
from app.view_data.hypnogram import run_blocks
from app.view_data.series import Series, measure_series
from core.runs.measures import Measure, Memory

HEIGHT = 300
_MEMORIES = ((Memory.OLD, OLD, "circle"), (Memory.NEW, NEW, "diamond"))
_DASHES = ("solid", "dot")  # one's own night, the one beside it


def measure_chart(arms: ComparedRuns, measure: Measure, revision: str, cycle: int) -> Figure:
    """``measure`` of old and new memories at every stage's end, with ``cycle`` marked.

    Colour and marker tell the memories, the line's style the nights. Several seeds are a mean with
    its 95 % interval as a band, and a thin line each.
    """
    traces = []
    for arm, dash in zip(arms, _DASHES, strict=False):
        for memory, colour, symbol in _MEMORIES:
            group = memory.value if arm is arms[0] else f"{memory}, {arm.name}"
            found = measure_series(arm.state, memory, measure, MOST_POINTS)
            traces += _spread(found, group, colour, measure.maximum)
            traces.append(
                {
                    **_line(found.epochs, found.means, group),
                    "name": group,
                    "mode": "lines+markers",
                    "line": {"color": colour, "dash": dash, "width": 2.5},
                    "marker": {"symbol": symbol, "size": 6, "color": colour},
                    "text": list(found.where),
                    "hovertemplate": _hover(measure),
                }
            )
    night = run_blocks(arms[0].state)
    epochs = max(arm.state.epochs for arm in arms)
    scale = {"title": {"text": measure.label, "standoff": 6}, "rangemode": "tozero", "nticks": 6}
    if measure.as_percent:
        scale |= {"tickformat": ".0%", "range": [0, 1.02]}
    return {
        "data": traces,
        "layout": layout(
            HEIGHT,
            revision,
            xaxis=night_axis(night, epochs),
            yaxis=scale,
            shapes=[*shading(night), *playhead_line(night, cycle)],
            legend=IN_PAIRS,
        ),
    }


def _spread(found: Series, group: str, colour: str, most: float) -> list[dict[str, Any]]:
    if found.half_widths is None:
        return []
    pairs = list(zip(found.means, found.half_widths, strict=True))
    # An interval may reach beyond what the measure can be; the drawing does not.
    edges = (
        [min(mean + half, most) for mean, half in pairs],
        [max(m - half, 0) for m, half in pairs],
    )
    quiet = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    band = {
        **_line([*found.epochs, *reversed(found.epochs)], [*edges[0], *reversed(edges[1])], group),
        **quiet,
        "uid": uid(f"{group} interval"),
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.18,
        "line": {"width": 0},
    }
    thin = [
        {
            **_line(found.epochs, seed, group),
            **quiet,
            "uid": uid(f"{group} seed {number}"),
            "line": {"color": colour, "width": 0.8},
            "opacity": 0.45,
        }
        for number, seed in enumerate(found.seeds)
    ]
    return [band, *thin]


def _line(epochs: Sequence[int], values: Sequence[float], group: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": uid(group),
        "legendgroup": group,
        "x": list(epochs),
        "y": [round(value, 4) for value in values],
    }


def _hover(measure: Measure) -> str:
    value = "%{y:.1%}" if measure.as_percent else "%{y:.1f}"
    return f"{value} (%{{text}})"
