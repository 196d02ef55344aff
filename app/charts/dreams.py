"""What the dreams of each cycle were about."""

from app.charts.style import GREY, LEGEND, NEW, OLD, Figure, layout, tick_step
from app.view_data.dreams import DreamContent

HEIGHT = 280
MOST_BARS = 500
_FINE = {"solidity": 0.15, "size": 6}
_PARTS = (
    ("old", "old memories", OLD, ""),
    ("new", "new memories", NEW, "/"),
    ("neither", "neither", GREY, "."),
)


def dream_chart(dreams: tuple[DreamContent, ...], cycles: int, revision: str) -> Figure:
    """For each cycle of the night's ``cycles`` the shares of its dreams, as a stacked bar."""
    traces = [
        {
            "type": "bar",
            "uid": part,
            "name": name,
            "x": [each.cycle for each in dreams],
            "y": [round(getattr(each, part), 4) for each in dreams],
            "marker": {
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "#FFFFFF"} | _FINE,
            },
            "customdata": [_classes(each, part) for each in dreams],
            "hovertemplate": "%{y:.0%}%{customdata}",
        }
        for part, name, colour, pattern in _PARTS
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
                "title": {"text": "share of the dreams", "standoff": 6},
                "tickformat": ".0%",
                "range": [0, 1],
            },
        ),
    }


def _classes(dreams: DreamContent, part: str) -> str:
    if part == "neither":
        return ""
    return f", {getattr(dreams, f'{part}_classes'):.1f} digits"
