"""From chart data to plotly figures, in colours that the colour-blind can tell apart."""

import pandas as pd
import plotly.graph_objects as go

from app import words
from app.frames import Block
from core.schedule import Stage

OLD = "#2F81C4"  # blue: old memories, and the REM sleep that dreams of them
NEW = "#DB7A12"  # orange: new memories, and the NREM sleep that replays them

_STAGE_COLOURS = {Stage.NREM: NEW, Stage.REM: OLD}
_GAP = 0.2  # epochs left blank between stages, so that neighbours in a lane stay apart


def hypnogram(night: tuple[Block, ...]) -> go.Figure:
    """Stages over epochs, REM in the upper lane, NREM in the lower."""
    figure = go.Figure()
    for stage in (Stage.NREM, Stage.REM):
        mine = [block for block in night if block.stage is stage]
        figure.add_bar(
            name=stage.value,
            orientation="h",
            base=[block.start + _GAP / 2 for block in mine],
            x=[block.epochs - _GAP for block in mine],
            y=[stage.value] * len(mine),
            width=0.72,
            marker={"color": _STAGE_COLOURS[stage], "cornerradius": 3},
            customdata=[
                f"cycle {block.cycle}, {stage.value}: epochs {block.start + 1}"
                f" to {block.start + block.epochs}<br>{words.STAGES[stage.value]}"
                for block in mine
            ],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    epochs = night[-1].start + night[-1].epochs
    _calm(figure, height=136)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(
        title={"text": "epoch", "standoff": 12}, range=[0, epochs], dtick=epochs / 5, showgrid=False
    )
    figure.update_yaxes(
        categoryorder="array", categoryarray=["NREM", "REM"], range=[-0.5, 1.5], ticksuffix="  "
    )
    return figure


def errors(frame: pd.DataFrame, num_cycles: int, old_name: str, new_name: str) -> go.Figure:
    """Both courses of `frames.errors`; the axis spans the whole night from the first point on."""
    figure = go.Figure()
    for column, name, colour, dash, symbol in (
        ("old", f"old memories ({old_name})", OLD, "solid", "circle"),
        ("new", f"new memories ({new_name})", NEW, "dash", "diamond"),
    ):
        figure.add_scatter(
            x=frame["cycle"].tolist(),
            y=frame[column].tolist(),
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 8},
            hovertemplate="%{y:.1f}",
        )
    _calm(figure, height=330)
    figure.update_layout(
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        margin={"t": 40},
    )
    pad = 0.02 * num_cycles + 0.1  # room for the first and the last marker
    figure.update_xaxes(
        title="cycle (0 = before the night)",
        range=[-pad, num_cycles + pad],
        tick0=0,
        dtick=1 if num_cycles <= 12 else 5,
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title="reconstruction error", rangemode="tozero", nticks=6)
    return figure


def _calm(figure: go.Figure, height: int) -> None:
    # Without dragging, a finger on the chart scrolls the page; zoom is the rich page's matter.
    figure.update_layout(height=height, margin={"l": 8, "r": 20, "t": 8, "b": 0}, dragmode=False)
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
