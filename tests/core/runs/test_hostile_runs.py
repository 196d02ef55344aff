"""Run folders made to do harm (`benchmarks.hostile`): a sentence, soon, in little memory."""

import json
import subprocess
import sys
from typing import Any

import pytest

from core.support import environment
from tools.hostile_runs.cases import CASES

_OPERATIONS = ("page", "list", "show", "export", "keep", "resume")
_LIMIT_S = 10.0  # for one of them, on a busy machine
_LIMIT_MB = 200  # beside what a process has that has shown no run


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each run, by its name."""
    results = tmp_path_factory.mktemp("hostile") / "results.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", "--json", str(results)],
        cwd=environment.PROJECT,
        capture_output=True,
        timeout=1_800,
        check=True,
    )
    return {each["name"]: each for each in json.loads(results.read_text())}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_run_is_shown_or_refused_in_a_sentence_and_its_neighbour_stays(
    name: str, found: dict[str, Any]
) -> None:
    results = found[name]
    assert {results[operation] for operation in _OPERATIONS} <= {"ok", "sentence"}, results
    assert max(results[f"{operation}_s"] for operation in _OPERATIONS) < _LIMIT_S
    assert results["peak_mb"] < _LIMIT_MB


def test_there_are_hostile_runs_of_many_kinds() -> None:
    assert len(CASES) >= 60
