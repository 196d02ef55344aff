"""The chart of a measure of both memory sets over the night, for the compared runs."""

from collections.abc import Sequence
from typing import Any

from app.charts.style import (
    IN_PAIRS,
    MAX_POINTS,
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
_DASHES = ("solid", "dot")  # of the main run and of the compared run


def measure_chart(runs: ComparedRuns, measure: Measure, revision: str, cycle: int) -> Figure:
    """Return ``measure`` of old and new memories after every stage.

    Colour and marker show the memory set, the line's style shows the run. Several seeds are drawn
    as their mean with a band for its 95 % confidence interval, and a thin line per seed.

    Parameters
    ----------
    runs : ComparedRuns
        The runs; the REM stages of the main one are shaded.
    measure : Measure
        An entry of `core.runs.measures.MEASURES`.
    revision : str
        Zoom and hidden traces last while it is the same, see `app.charts.style.layout`.
    cycle : int
        The cycle whose end is marked.

    Returns
    -------
    Figure
        A figure with one line per run and memory set.
    """
    traces = []
    for run, dash in zip(runs, _DASHES, strict=False):
        for memory, colour, symbol in _MEMORIES:
            group = memory.value if run is runs[0] else f"{memory}, {run.name}"
            series = measure_series(run.state, memory, measure, MAX_POINTS)
            traces += _error_bars(series, group, colour, measure.maximum)
            traces.append(
                {
                    **_line(series.epochs, series.means, group),
                    "name": group,
                    "mode": "lines+markers",
                    "line": {"color": colour, "dash": dash, "width": 2.5},
                    "marker": {"symbol": symbol, "size": 6, "color": colour},
                    "text": list(series.where),
                    "hovertemplate": _hover_template(measure),
                }
            )
    night = run_blocks(runs[0].state)
    epochs = max(run.state.epochs for run in runs)
    y_axis = {"title": {"text": measure.label, "standoff": 6}, "rangemode": "tozero", "nticks": 6}
    if measure.as_percent:
        y_axis |= {"tickformat": ".0%", "range": [0, 1.02 * measure.maximum]}
    return {
        "data": traces,
        "layout": layout(
            HEIGHT,
            revision,
            xaxis=night_axis(night, epochs),
            yaxis=y_axis,
            shapes=[*shading(night), *playhead_line(night, cycle)],
            legend=IN_PAIRS,
        ),
    }


def _error_bars(series: Series, group: str, colour: str, maximum: float) -> list[dict[str, Any]]:
    """The band of confidence intervals and the line of each seed; [] for a single seed."""
    if series.half_widths is None:
        return []
    pairs = list(zip(series.means, series.half_widths, strict=True))
    # An interval may exceed the measure's range; the band is cut there.
    upper = [min(mean + half_width, maximum) for mean, half_width in pairs]
    lower = [max(mean - half_width, 0) for mean, half_width in pairs]
    unlabelled = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    band = {
        **_line([*series.epochs, *reversed(series.epochs)], [*upper, *reversed(lower)], group),
        **unlabelled,
        "uid": uid(f"{group} interval"),
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.18,
        "line": {"width": 0},
    }
    seed_lines = [
        {
            **_line(series.epochs, values, group),
            **unlabelled,
            "uid": uid(f"{group} seed {number}"),
            "line": {"color": colour, "width": 0.8},
            "opacity": 0.45,
        }
        for number, values in enumerate(series.seeds)
    ]
    return [band, *seed_lines]


def _line(epochs: Sequence[int], values: Sequence[float], group: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": uid(group),
        "legendgroup": group,
        "x": list(epochs),
        "y": [round(value, 4) for value in values],
    }


def _hover_template(measure: Measure) -> str:
    value = "%{y:.1%}" if measure.as_percent else "%{y:.1f}"
    return f"{value} (%{{text}})"
