"""Python examples in the documents: they compile, their names exist, and light ones run."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.project.documents import DOCUMENTS, code_blocks, read

# These run a night or start an engine.
_SLOW = re.compile(r"core\.(api|jobs|training|train_with_\w+)(\..+)?")

EXAMPLES = [
    pytest.param(code, id=f"{name} {number}")
    for name in DOCUMENTS
    for number, code in enumerate(code_blocks(read(name), "python"), 1)
]


def imported(code: str) -> dict[str, Any]:
    """Return the objects that ``code`` imports, by name; raises ImportError for a missing one."""
    objects: dict[str, Any] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                objects[alias.asname or alias.name] = importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                objects[alias.asname or alias.name] = getattr(module, alias.name)
    return objects


def calls(code: str, objects: dict[str, Any]) -> Iterator[tuple[Any, ast.Call]]:
    """Yield each call of an imported object, or of an attribute of one."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in objects:
                yield objects[name], node
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if (
                name in objects
            ):
                yield getattr(objects[name], attribute), node


def is_light(code: str) -> bool:
    """Whether ``code`` runs no night and starts no engine."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]
    return not any(_SLOW.fullmatch(name) for name in names)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_compiles_and_calls_what_exists_with_known_parameters(code: str) -> None:
    compile(code, "example", "exec")
    objects = imported(code)
    assert objects
    for called, node in calls(code, objects):
        keywords = {keyword.arg: None for keyword in node.keywords if keyword.arg}
        inspect.signature(called).bind(*[None] * len(node.args), **keywords)


@pytest.mark.parametrize("code", [case for case in EXAMPLES if is_light(str(case.values[0]))])
def test_a_light_example_runs_and_prints(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out


def test_there_are_light_examples_and_slow_ones() -> None:
    assert {is_light(str(case.values[0])) for case in EXAMPLES} == {False, True}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("from core.schedule.config import NoSuchName", ImportError),
        ("import core.no_such_module", ImportError),
    ],
)
def test_an_import_that_does_not_resolve_is_reported(code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        imported(code)


def test_a_call_with_an_unknown_parameter_is_reported() -> None:
    code = "from core.schedule.config import RunConfig\nRunConfig(no_such_parameter=1)\n"
    with pytest.raises(TypeError):
        test_an_example_compiles_and_calls_what_exists_with_known_parameters(code)
