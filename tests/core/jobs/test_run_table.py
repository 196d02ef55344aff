"""`core.jobs.run_table`: rows and details of runs, with their problems."""

from pathlib import Path

import pytest

from core import jobs
from core.jobs.run_table import Row, row_status, run_details, run_rows
from core.queue.problems import Problem, ProblemCode
from core.runs.log import LOG
from tests.helpers.engines import use_outputs_folder
from tests.helpers.job_runs import UNLOGGED_FAILURE, write_run
from tools.sample_runs import RUN, write_failure_file


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


def only_row() -> Row:
    (row,) = run_rows()
    return row


def test_a_run_with_a_damaged_log_has_the_status_damaged() -> None:
    folder = write_run("damaged")
    row = only_row()
    assert row.status == run_details(folder, jobs.state(RUN))["status"] == "damaged"
    assert row.problem is not None
    assert row.problem.code is ProblemCode.LOG_DAMAGED
    assert row.values()["problem"].startswith(str(folder.path / LOG))


def test_a_run_with_a_damaged_record_has_the_status_damaged() -> None:
    folder = write_run("stopped")
    folder.record_file.write_text("{}")
    row = only_row()
    assert (row.status, row.record) == ("damaged", None)
    assert row.problem is not None
    assert row.problem.code is ProblemCode.RECORD_DAMAGED
    assert row.values()["problem"].startswith(str(folder.record_file))


def test_a_failure_whose_reason_names_the_log_does_not_make_a_run_damaged() -> None:
    folder = write_run("stopped")
    write_failure_file(RUN, f"{folder.path / LOG} is full.")
    assert row_status(jobs.state(RUN)) == only_row().status == "failed"


@pytest.mark.parametrize("log", ["stopped", "failed"])
def test_the_json_values_contain_the_sentence_of_the_problem(log: str) -> None:
    folder = write_run(log)
    write_failure_file(RUN, UNLOGGED_FAILURE)
    assert only_row().problem == Problem(
        ProblemCode.RUN_FAILED_UNLOGGED, {"run": RUN, "reason": UNLOGGED_FAILURE}
    )
    assert only_row().values()["problem"] == UNLOGGED_FAILURE
    assert run_details(folder, jobs.state(RUN))["problem"] == UNLOGGED_FAILURE


def test_a_run_without_a_problem_has_none_in_its_json_values() -> None:
    folder = write_run("stopped")
    assert only_row().values()["problem"] is None
    assert run_details(folder, jobs.state(RUN))["problem"] is None
