"""Run folders that were crafted to do harm (`benchmarks.hostile`)."""

import json
import subprocess
import sys
from typing import Any

import pytest

from core.support import environment
from tools.hostile_runs.cases import CASES

_OPERATIONS = ("page", "list", "show", "export", "keep", "resume")
_LIMIT_S = 10.0  # per operation, on a busy machine
_LIMIT_MB = 200  # in addition to the memory of a process that has shown no run


@pytest.fixture(scope="module")
def all_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results of the benchmark, by the name of the hostile run."""
    file = tmp_path_factory.mktemp("hostile") / "results.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", "--json", str(file)],
        cwd=environment.PROJECT,
        capture_output=True,
        timeout=1_800,
        check=True,
    )
    return {results["name"]: results for results in json.loads(file.read_text())}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_run_is_shown_or_refused_and_the_other_run_is_unchanged(
    name: str, all_results: dict[str, Any]
) -> None:
    results = all_results[name]
    assert {results[operation] for operation in _OPERATIONS} <= {"ok", "refused"}, results
    assert max(results[f"{operation}_s"] for operation in _OPERATIONS) < _LIMIT_S
    assert results["peak_mb"] < _LIMIT_MB


def test_the_hostile_runs_cover_many_cases() -> None:
    assert len(CASES) >= 60
