"""The hypnogram: the stages of a night over its epochs, with the current stage highlighted."""

from collections.abc import Sequence

from app import text
from app.charts.style import STAGE_COLOURS, Figure, layout, night_axis
from app.view_data.hypnogram import Block
from core.schedule.hypnogram import Stage

HEIGHT = 120
# The gap between neighbouring bars: a share of the night's epochs, limited to a share of the stage.
_GAP_OF_NIGHT, _MAX_GAP_OF_STAGE = 0.004, 0.3
_PAST_OPACITY, _CURRENT_OPACITY, _FUTURE_OPACITY = 0.75, 1.0, 0.3


def hypnogram(night: Sequence[Block], current: tuple[int, str] | None = None) -> Figure:
    """Return a figure of stages over epochs, with REM in the upper lane.

    ``current`` is the (cycle, stage) that a run is in; later stages are pale. None for a planned
    night, which is drawn in full.
    """
    epochs = night[-1].start + night[-1].epochs
    current_index = _current_index(night, current)
    traces = []
    for stage in (Stage.NREM, Stage.REM):
        lane = [(index, block) for index, block in enumerate(night) if block.stage is stage]
        traces.append(
            {
                "type": "bar",
                "name": stage.value,
                "uid": stage.value,
                "orientation": "h",
                "base": [block.start + _gap(block, epochs) / 2 for _, block in lane],
                "x": [block.epochs - _gap(block, epochs) for _, block in lane],
                "y": [stage.value] * len(lane),
                "width": 0.74,
                "marker": {
                    "color": STAGE_COLOURS[stage],
                    "cornerradius": 3,
                    "opacity": [_opacity(index, current_index) for index, _ in lane],
                    "line": {
                        "color": "#E0B400",
                        "width": [3 if index == current_index else 0 for index, _ in lane],
                    },
                },
                "customdata": [_hover_text(block) for _, block in lane],
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
    """Return the hypnogram as a sentence."""
    stages = ", ".join(
        f"{block.stage.value} {block.epochs} epoch{'s' if block.epochs > 1 else ''}"
        for block in night
    )
    cycles = night[-1].cycle
    return f"Hypnogram of {cycles} cycle{'s' if cycles > 1 else ''}, in order: {stages}."


def _gap(block: Block, epochs: int) -> float:
    return min(_GAP_OF_NIGHT * epochs, _MAX_GAP_OF_STAGE * block.epochs)


def _current_index(night: Sequence[Block], current: tuple[int, str] | None) -> int | None:
    """The index of the current stage, -1 before the first one, None for a planned night."""
    if current is None:
        return None
    stages = [(block.cycle, block.stage.value) for block in night]
    return stages.index(current) if current in stages else -1


def _opacity(index: int, current_index: int | None) -> float:
    if current_index is None or index == current_index:
        return _CURRENT_OPACITY
    return _PAST_OPACITY if index < current_index else _FUTURE_OPACITY


def _hover_text(block: Block) -> str:
    return (
        f"cycle {block.cycle}, {block.stage.value}: epochs {block.start + 1} to "
        f"{block.start + block.epochs}<br>{text.STAGES[block.stage.value]}"
    )
