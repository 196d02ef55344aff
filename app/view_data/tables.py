"""The values of the charts as tables, one row per point."""

import pandas as pd

from app.view_data.compared_runs import ComparedRuns
from app.view_data.dreams import dream_content
from app.view_data.series import Loss, loss_series, measure_series
from core.runs.measures import ERROR, MEASURES, Memory

LOSSES: tuple[Loss, ...] = ("total", "reconstruction", "kl")


def interval_column(key: str) -> str:
    """Return the name of the column with half of a measure's confidence intervals."""
    return f"{key} ±"


def measures_table(runs: ComparedRuns) -> pd.DataFrame:
    """Return all measures as means over seeds: a row per run, point and memory set.

    Columns: run, when, memories, images, and per measure its key and `interval_column` (None for
    a single seed).
    """
    rows = []
    for run in runs:
        for memory in Memory:
            series = {
                key: measure_series(run.state, memory, measure) for key, measure in MEASURES.items()
            }
            points = series[ERROR.key]
            for index, when in enumerate(points.where):
                row: dict[str, object] = {"run": run.name, "when": when, "memories": memory.value}
                row["images"] = points.images[index]
                for key, values in series.items():
                    half_widths = values.half_widths
                    row[key] = values.means[index]
                    row[interval_column(key)] = half_widths[index] if half_widths else None
                rows.append(row)
    return pd.DataFrame(rows)


def losses_table(runs: ComparedRuns) -> pd.DataFrame:
    """Return the losses in nats per image, as means over seeds: a row per run and epoch."""
    rows = []
    for run in runs:
        series = {loss: loss_series(run.state, loss) for loss in LOSSES}
        for index, when in enumerate(series["total"].where):
            row: dict[str, object] = {"run": run.name, "when": when}
            rows.append(row | {loss: values.means[index] for loss, values in series.items()})
    return pd.DataFrame(rows)


def dreams_table(runs: ComparedRuns) -> pd.DataFrame:
    """Return the content of dreams: a row per run and cycle that has dreams."""
    return pd.DataFrame(
        [{"run": run.name, **vars(content)} for run in runs for content in dream_content(run.state)]
    )
