"""A finished night as a PDF: its schedule and the reconstruction error of both datasets."""

import io
import uuid
from datetime import datetime
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from core.runs.events import NightStarted
from core.runs.measures import ERROR, Memory
from core.runs.results import SeedSeries, values_by_cycle
from core.runs.state import RunState
from core.runs.statistics import mean_interval
from core.support.files import create_folders, write_bytes
from core.support.text import printable

OLD, NEW = "#0072B2", "#D55E00"  # Okabe and Ito's colour-blind safe blue and vermilion
_NREM, _REM = "#999999", "#CC79A7"


def unique_path(folder: Path, suffix: str = ".pdf") -> Path:
    """Return a new path in ``folder``, unique across processes; ``suffix`` includes the dot."""
    moment = datetime.now().strftime("%Y%m%d-%H%M%S")
    return folder / f"night-{moment}-{uuid.uuid4().hex[:12]}{suffix}"


def write_pdf(state: RunState, path: Path) -> None:
    """Write the schedule and the error curves of a night to the PDF ``path``, atomically.

    Raises ValueError if the night was not measured, and OSError if ``path`` cannot be written.
    """
    content = pdf_bytes(state)
    create_folders(path.parent)
    write_bytes(path, content)


def pdf_bytes(state: RunState) -> bytes:
    """Return a PDF with the schedule and the error curves of a night.

    Raises ValueError if the night was not measured.
    """
    if state.night is None or not state.cycles:
        raise ValueError("the night has not been measured, so it has no curves yet")
    content = io.BytesIO()
    with PdfPages(content) as pdf:
        pdf.savefig(schedule_figure(state.night))
        pdf.savefig(error_figure(state, state.night))
    return content.getvalue()


def schedule_figure(night: NightStarted) -> Figure:
    """Draw the hypnogram: NREM and REM epochs of every cycle on one time axis."""
    figure = Figure(figsize=(10, 2.4), layout="constrained")
    axes = figure.subplots()
    start = 0
    for cycle in night.cycles:
        axes.broken_barh([(start, cycle.nrem_epochs)], (1.1, 0.8), facecolors=_NREM)
        rem = (start + cycle.nrem_epochs, cycle.rem_epochs)
        axes.broken_barh([rem], (0.1, 0.8), facecolors=_REM)
        start += cycle.epochs
    axes.set_yticks([0.5, 1.5], labels=["REM", "NREM"])
    axes.set_xlim(0, start)
    axes.set_xlabel("Epochs of the night")
    rem_epochs = sum(cycle.rem_epochs for cycle in night.cycles)
    rem_share = f"{rem_epochs / night.epochs:.0%} of them REM"
    axes.set_title(f"{len(night.cycles)} cycles, {night.epochs} epochs, {rem_share}")
    return figure


def error_figure(state: RunState, night: NightStarted) -> Figure:
    """Draw the mean error of both datasets per cycle, with 95 % confidence intervals over seeds."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    old, new = _literal(night.dataset_1), _literal(night.dataset_2)
    _curve(axes, values_by_cycle(state, Memory.OLD, ERROR), f"old memories ({old})", OLD, "o-")
    _curve(axes, values_by_cycle(state, Memory.NEW, ERROR), f"new memories ({new})", NEW, "s--")
    seeds = len(night.config["seeds"])
    title = (
        f"mean of {seeds} seeds, bars: 95 % confidence interval of the mean (Student's t)"
        if seeds > 1
        else "1 seed: no confidence interval"
    )
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel("Cycle (0 = before the night)")
    axes.set_ylabel(f"{ERROR.label.capitalize()} ({ERROR.unit})")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def _literal(text: str) -> str:
    """Return ``text`` for Matplotlib, without control characters and formulas."""
    return printable(text).replace("$", r"\$")


def _curve(axes: Axes, values: SeedSeries, label: str, colour: str, style: str) -> None:
    intervals = [mean_interval(seeds) for seeds in zip(*values, strict=True)]
    half_widths = [interval.half_width or 0.0 for interval in intervals]
    axes.errorbar(
        range(len(intervals)),
        [interval.mean for interval in intervals],
        yerr=half_widths if len(values) > 1 else None,
        fmt=style,
        color=colour,
        label=label,
        capsize=3,
        markersize=4,
    )
