"""The charts' numbers as tables."""

import pandas as pd

from app.view_data import tables
from app.view_data.compared_runs import ComparedRun
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state

DREAMLESS = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
OWN = ComparedRun("this night", "This night", state([60, 70, 80], [600, 300, 200]))
OTHER = ComparedRun("no REM", "Without REM", state([60, 90], [600, 150], DREAMLESS, whole=False))


def test_the_measured_table_has_a_row_for_each_night_moment_and_memory() -> None:
    table = tables.measures_table((OWN, OTHER))
    assert list(table.columns) == [
        *("night", "when", "memories", "images"),
        *("error", "error ±", "recall_error", "recall_error ±"),
        *("recall_accuracy", "recall_accuracy ±"),
    ]
    assert len(table) == 2 * 5 + 2 * 2
    picked = table[(table["night"] == "no REM") & (table["memories"] == "old")]
    assert picked["when"].tolist() == ["before the night", "cycle 1, after NREM"]
    assert picked["error"].tolist() == [60, 90]
    assert picked["recall_error"].tolist() == [70, 100]
    assert picked["images"].tolist() == [3, 3]
    assert table["error ±"].isna().all()


def test_several_seeds_have_half_their_interval_beside_each_mean() -> None:
    seeds = state([(60.0, 62.0)], [(600.0, 600.0)], whole=False)
    table = tables.measures_table((ComparedRun("this night", "This night", seeds),))
    assert table["error"].tolist() == [61, 600]
    assert table["error ±"].round(2).tolist() == [12.71, 0]


def test_the_losses_have_a_row_for_each_night_and_epoch() -> None:
    table = tables.losses_table((OWN, OTHER))
    assert list(table.columns) == ["night", "when", "total", "reconstruction", "kl"]
    assert table["night"].tolist() == ["this night"] * 4 + ["no REM"] * 2
    assert table.iloc[1].tolist() == ["this night", "cycle 1, REM epoch 1", 100, 90, 10]


def test_the_dreams_have_a_row_for_each_night_and_cycle_that_has_any() -> None:
    table = tables.dreams_table((OWN, OTHER))
    assert table["night"].tolist() == ["this night"] * 2
    assert table["cycle"].tolist() == [1, 2]
    assert table["old"].tolist() == [0.5, 0.5]
    assert table["old_classes"].tolist() == [7, 7]


def test_what_has_not_begun_is_an_empty_table() -> None:
    nothing = (ComparedRun("this night", "This night", RunState()),)
    for table in (tables.measures_table, tables.losses_table, tables.dreams_table):
        assert isinstance(table(nothing), pd.DataFrame)
        assert table(nothing).empty
