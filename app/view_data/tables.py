"""The numbers of the charts as tables, a row for each point."""

import pandas as pd

from app.view_data.compared_runs import ComparedRuns
from app.view_data.dreams import dream_content
from app.view_data.series import Loss, loss_series, measure_series
from core.runs.measures import MEASURES, Memory

_LOSSES: tuple[Loss, ...] = ("total", "reconstruction", "kl")


def measures_table(arms: ComparedRuns) -> pd.DataFrame:
    """What was measured: for each night, moment and memory the means with half their intervals.

    Columns: night, when, memories, images, and for each measure its mean and ``... ±`` (None
    where there is one seed).
    """
    rows = []
    for arm in arms:
        for memory in Memory:
            found = {
                key: measure_series(arm.state, memory, measure) for key, measure in MEASURES.items()
            }
            for index, when in enumerate(found["error"].where):
                row: dict[str, object] = {"night": arm.name, "when": when, "memories": memory.value}
                row["images"] = found["error"].images[index]
                for measure, each in found.items():
                    row[measure] = each.means[index]
                    row[f"{measure} ±"] = each.half_widths[index] if each.half_widths else None
                rows.append(row)
    return pd.DataFrame(rows)


def losses_table(arms: ComparedRuns) -> pd.DataFrame:
    """The losses in nats an image: a row for each night and epoch, as means over seeds."""
    rows = []
    for arm in arms:
        found = {loss: loss_series(arm.state, loss) for loss in _LOSSES}
        for index, when in enumerate(found["total"].where):
            row: dict[str, object] = {"night": arm.name, "when": when}
            rows.append(row | {loss: each.means[index] for loss, each in found.items()})
    return pd.DataFrame(rows)


def dreams_table(arms: ComparedRuns) -> pd.DataFrame:
    """What the dreams were of: a row for each night and cycle that has any."""
    return pd.DataFrame(
        [{"night": arm.name, **vars(each)} for arm in arms for each in dream_content(arm.state)]
    )
