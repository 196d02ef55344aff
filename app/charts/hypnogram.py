"""The hypnogram: a night's stages over its epochs, with the one that goes on now lit."""

from collections.abc import Sequence

from app import text
from app.charts.style import STAGE_COLOURS, Figure, layout, night_axis
from app.view_data.hypnogram import Block
from core.schedule.hypnogram import Stage

HEIGHT = 120
# Left blank between stages, so that neighbours in a lane stay apart: of the night, of a stage.
_GAP, _MOST = 0.004, 0.3
_PAST, _NOW, _AHEAD = 0.75, 1.0, 0.3


def hypnogram(night: Sequence[Block], now: tuple[int, str] | None = None) -> Figure:
    """Stages over epochs, REM in the upper lane.

    ``now`` is the (cycle, stage) that a run is in: what lies ahead of it is pale.
    """
    epochs = night[-1].start + night[-1].epochs
    reached = _reached(night, now)
    traces = []
    for stage in (Stage.NREM, Stage.REM):
        mine = [(index, block) for index, block in enumerate(night) if block.stage is stage]
        lit = [reached is not None and index == reached for index, _ in mine]
        traces.append(
            {
                "type": "bar",
                "name": stage.value,
                "uid": stage.value,
                "orientation": "h",
                "base": [block.start + _gap(block, epochs) / 2 for _, block in mine],
                "x": [block.epochs - _gap(block, epochs) for _, block in mine],
                "y": [stage.value] * len(mine),
                "width": 0.74,
                "marker": {
                    "color": STAGE_COLOURS[stage],
                    "cornerradius": 3,
                    "opacity": [_strength(index, reached) for index, _ in mine],
                    "line": {"color": "#E0B400", "width": [3 if each else 0 for each in lit]},
                },
                "customdata": [_told(block) for _, block in mine],
                "hovertemplate": "%{customdata}<extra></extra>",
                "showlegend": False,
            }
        )
    axis = night_axis(night) | {"title": {"text": "cycle", "standoff": 6}, "fixedrange": True}
    lanes = {
        "categoryorder": "array",
        "categoryarray": ["NREM", "REM"],
        "range": [-0.5, 1.5],
        "fixedrange": True,
        "showgrid": False,
    }
    return {
        "data": traces,
        "layout": layout(HEIGHT, "hypnogram", xaxis=axis, yaxis=lanes, barmode="overlay")
        | {"hovermode": "closest", "margin": {"l": 52, "r": 12, "t": 2, "b": 42}},
    }


def alt(night: Sequence[Block]) -> str:
    """The picture in a sentence."""
    stages = ", ".join(
        f"{block.stage.value} {block.epochs} epoch{'s' if block.epochs > 1 else ''}"
        for block in night
    )
    cycles = night[-1].cycle
    return f"Hypnogram of {cycles} cycle{'s' if cycles > 1 else ''}, in order: {stages}."


def _gap(block: Block, epochs: int) -> float:
    return min(_GAP * epochs, _MOST * block.epochs)


def _reached(night: Sequence[Block], now: tuple[int, str] | None) -> int | None:
    if now is None:
        return None
    places = [(block.cycle, block.stage.value) for block in night]
    return places.index(now) if now in places else -1


def _strength(index: int, reached: int | None) -> float:
    if reached is None or index == reached:
        return _NOW
    return _PAST if index < reached else _AHEAD


def _told(block: Block) -> str:
    return (
        f"cycle {block.cycle}, {block.stage.value}: epochs {block.start + 1} to "
        f"{block.start + block.epochs}<br>{text.STAGES[block.stage.value]}"
    )
