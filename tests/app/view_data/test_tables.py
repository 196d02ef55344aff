"""The values of the charts as tables."""

import pandas as pd

from app.view_data import tables
from app.view_data.compared_runs import ComparedRun
from core.runs.state import RunState
from core.schedule.config import RunConfig
from tests.helpers.page_runs import state

DREAMLESS = RunConfig(num_cycles=2, total_eps=4, start_fraction_rem=0, end_fraction_rem=0)
MAIN = ComparedRun("this run", "This run", state([60, 70, 80], [600, 300, 200]))
OTHER = ComparedRun("no REM", "Without REM", state([60, 90], [600, 150], DREAMLESS, whole=False))


def test_the_table_of_measures_has_a_row_per_run_point_and_memory_set() -> None:
    table = tables.measures_table((MAIN, OTHER))
    assert list(table.columns) == [
        *("run", "when", "memories", "images"),
        *("error", "error ±", "recall_error", "recall_error ±"),
        *("recall_accuracy", "recall_accuracy ±"),
    ]
    assert len(table) == 2 * 5 + 2 * 2
    picked = table[(table["run"] == "no REM") & (table["memories"] == "old")]
    assert picked["when"].tolist() == ["before the night", "cycle 1, after NREM"]
    assert picked["error"].tolist() == [60, 90]
    assert picked["recall_error"].tolist() == [70, 100]
    assert picked["images"].tolist() == [3, 3]
    assert table["error ±"].isna().all()


def test_the_table_of_measures_has_half_of_each_confidence_interval() -> None:
    seeds = state([(60.0, 62.0)], [(600.0, 600.0)], whole=False)
    table = tables.measures_table((ComparedRun("this run", "This run", seeds),))
    assert table["error"].tolist() == [61, 600]
    assert table["error ±"].round(2).tolist() == [12.71, 0]


def test_the_table_of_losses_has_a_row_per_run_and_epoch() -> None:
    table = tables.losses_table((MAIN, OTHER))
    assert list(table.columns) == ["run", "when", "total", "reconstruction", "kl"]
    assert table["run"].tolist() == ["this run"] * 4 + ["no REM"] * 2
    assert table.iloc[1].tolist() == ["this run", "cycle 1, REM epoch 1", 100, 90, 10]


def test_the_table_of_dreams_has_a_row_per_run_and_cycle_with_dreams() -> None:
    table = tables.dreams_table((MAIN, OTHER))
    assert table["run"].tolist() == ["this run"] * 2
    assert table["cycle"].tolist() == [1, 2]
    assert table["old"].tolist() == [0.5, 0.5]
    assert table["old_classes"].tolist() == [7, 7]


def test_the_tables_of_a_run_that_has_not_started_are_empty() -> None:
    not_started = (ComparedRun("this run", "This run", RunState()),)
    for table in (tables.measures_table, tables.losses_table, tables.dreams_table):
        assert isinstance(table(not_started), pd.DataFrame)
        assert table(not_started).empty
