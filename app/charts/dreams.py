"""The chart of dream content over the cycles."""

from app.charts.style import GREY, LEGEND, NEW, OLD, Figure, layout, tick_step
from app.view_data.dreams import DreamContent

HEIGHT = 280
MAX_BARS = 500
_FINE = {"solidity": 0.15, "size": 6}
_CLASSES = (
    ("old", OLD, ""),
    ("new", NEW, "/"),
    ("neither", GREY, "."),
)


def dream_chart(dreams: tuple[DreamContent, ...], cycles: int, revision: str) -> Figure:
    """Return a stacked bar per cycle with the shares of its dreams.

    Parameters
    ----------
    dreams : tuple of DreamContent
        The content of each REM stage so far.
    cycles : int
        Number of cycles in the whole night.
    revision : str
        Zoom and hidden traces last while it is the same, see `app.charts.style.layout`.

    Returns
    -------
    Figure
        A figure with three traces.
    """
    traces = [
        {
            "type": "bar",
            "uid": key,
            "name": key,
            "x": [content.cycle for content in dreams],
            "y": [round(getattr(content, key), 4) for content in dreams],
            "marker": {
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "#FFFFFF"} | _FINE,
            },
            "customdata": [_digits(content, key) for content in dreams],
            "hovertemplate": "%{y:.0%}%{customdata}",
        }
        for key, colour, pattern in _CLASSES
    ]
    return {
        "data": traces,
        "layout": layout(
            HEIGHT,
            revision,
            barmode="stack",
            bargap=0.25,
            legend={**LEGEND, "traceorder": "normal"},
            xaxis={
                "title": {"text": "cycle", "standoff": 8},
                "range": [0.4, cycles + 0.6],
                "dtick": tick_step(cycles),
                "showgrid": False,
            },
            yaxis={
                "title": {"text": "share of dreams", "standoff": 6},
                "tickformat": ".0%",
                "range": [0, 1],
            },
        ),
    }


def _digits(content: DreamContent, key: str) -> str:
    if key == "neither":
        return ""
    return f", {getattr(content, f'{key}_classes'):.1f} digits"
