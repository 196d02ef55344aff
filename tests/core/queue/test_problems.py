"""`core.queue.problems`: codes, parameters and sentences of problems."""

import dataclasses
import json
from typing import Any

import pytest

from core.queue.problems import EngineProblemError, Problem, ProblemCode, engine_problem
from core.support.errors import EngineError

PARAMETERS = {
    "run": "20260102-030405-0a1b2c",
    "reason": "the disk is full.",
    "address": "tcp://127.0.0.1:9",
    "pid": 7,
    "since": "03:04:05",
}


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_has_a_sentence(code: ProblemCode) -> None:
    sentence = Problem(code, PARAMETERS).sentence
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert str(Problem(code, PARAMETERS)) == sentence


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (ProblemCode.RUN_FAILED, "the disk is full."),
        (
            ProblemCode.FILES_UNREADABLE,
            "the files of run 20260102-030405-0a1b2c cannot be read (the disk is full.).",
        ),
        (
            ProblemCode.SCHEDULER_UNREACHABLE,
            "DASK_SCHEDULER_ADDRESS is 'tcp://127.0.0.1:9', and no scheduler answers there (the "
            "disk is full.); start one or unset the variable.",
        ),
        (
            ProblemCode.ENGINE_SILENT,
            "the job engine (process 7) has not answered since 03:04:05, so no run can start; if "
            "it does not recover, end that process, and the page or a waiting command starts "
            "another.",
        ),
    ],
)
def test_a_sentence_contains_the_parameters(code: ProblemCode, sentence: str) -> None:
    assert Problem(code, PARAMETERS).sentence == sentence


def test_a_parameter_is_not_a_template() -> None:
    assert Problem(ProblemCode.RUN_FAILED, {"reason": "{pid} {0}"}).sentence == "{pid} {0}"


@pytest.mark.parametrize("code", ProblemCode)
def test_a_missing_parameter_is_an_error(code: ProblemCode) -> None:
    with pytest.raises(ValueError, match="lacks "):
        Problem(code, {})


@pytest.mark.parametrize("code", ProblemCode)
def test_a_problem_survives_json(code: ProblemCode) -> None:
    problem = Problem(code, PARAMETERS)
    values = json.loads(json.dumps(dataclasses.asdict(problem)))
    assert values == {"code": code.value, "parameters": PARAMETERS}
    assert Problem.from_values(values) == problem


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"code": "run_failed"},
        {"code": "run_failed", "parameters": {}},
        {"code": "run_failed", "parameters": ["reason"]},
        {"code": "of a later version", "parameters": {"reason": "x"}},
        {"parameters": {"reason": "x"}},
    ],
    ids=repr,
)
def test_an_object_that_is_not_a_problem_is_an_error(values: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Problem.from_values(values)


def test_an_engine_error_carries_its_problem_or_becomes_one() -> None:
    problem = Problem(ProblemCode.SCHEDULER_UNREACHABLE, PARAMETERS)
    error = EngineProblemError(problem)
    assert str(error) == problem.sentence
    assert engine_problem(error) == problem
    assert engine_problem(EngineError("the connection is lost.")) == Problem(
        ProblemCode.ENGINE_FAILED, {"reason": "the connection is lost."}
    )
