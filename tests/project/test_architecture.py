"""Promises about what imports what."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.support.environment import PROJECT
from tests.helpers.page_runs import RUN, night, write
from tools.structure import (
    APP_IMPORTS,
    CORE_ORDER,
    core_imports,
    imports_against_order,
    modules,
    public_functions,
)

_HEAVY = {"torch", "torchvision", "distributed", "dask"}
_PAGE = {"app", "streamlit", "plotly"}
_DRAWING = {"streamlit", "plotly"}  # the first of which loads the second

_RENDER = """
import json, pkgutil, sys
import app
for module in pkgutil.walk_packages(app.__path__, "app."):
    if module.name != "app.main":  # it is the script itself
        __import__(module.name)
from core import jobs
jobs.keep_engine = jobs.client.keep_engine = lambda: None  # no engine for this
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("app/main.py", default_timeout=60)
page.run()  # the recorded example
errors = len(page.exception)
page.query_params["run"] = sys.argv[1]
page.session_state["numbers"] = True  # with its tables
page.run()
text = [element.value for element in page.markdown]
errors += len(page.exception)
print(json.dumps({"text": text, "errors": errors, "modules": sorted(sys.modules)}))
"""

_IMPORT = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, sys.argv[1] + "."):
    importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def _imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every top-level name that a module below ``folder`` imports, anywhere in the module."""
    for path in modules(folder):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield path, alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.split(".")[0]


def test_core_imports_nothing_of_the_page() -> None:
    found = [(path.name, name) for path, name in _imports(PROJECT / "core")]
    assert found
    assert [pair for pair in found if pair[1] in {*_PAGE, "tools", "tests", "benchmarks"}] == []


def test_the_order_names_every_package_of_core() -> None:
    packages = {path.parent.name for path in (PROJECT / "core").glob("*/__init__.py")}
    assert packages == set(CORE_ORDER)


def test_packages_of_core_import_only_downwards() -> None:
    assert imports_against_order() == []


def test_an_import_against_the_order_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "core" / "support"
    package.mkdir(parents=True)
    (package / "files.py").write_text("def f():\n    from core.runs import log\n")
    monkeypatch.setattr("tools.structure.PROJECT", tmp_path)
    assert imports_against_order() == ["core/support/files.py imports core.runs"]


def test_the_client_does_not_import_the_engine() -> None:
    assert CORE_ORDER.index("jobs") < CORE_ORDER.index("engine")


def test_the_page_imports_only_its_packages_of_core() -> None:
    imported = {
        name.split(".")[1] for path in modules(PROJECT / "app") for name in core_imports(path)
    }
    assert imported == set(APP_IMPORTS)


def test_tests_and_benchmarks_do_not_import_each_other() -> None:
    for folder, other in (("tests", "benchmarks"), ("benchmarks", "tests"), ("tools", "tests")):
        found = [str(path) for path, name in _imports(PROJECT / folder) if name == other]
        assert found == [], f"{folder} imports {other}"


def test_every_public_function_with_many_parameters_documents_all_of_them() -> None:
    functions = [
        function
        for folder in ("core", "app")
        for path in modules(PROJECT / folder)
        for function in public_functions(path)
    ]
    assert len(functions) > 100
    missing = [
        f"{f.file}: {f.name}: {', '.join(f.undocumented)}" for f in functions if f.undocumented
    ]
    assert missing == []


def test_tests_use_no_private_constants() -> None:
    """A constant such as ``module._LIMIT_S`` is the module's own; tests observe behaviour."""
    private = re.compile(r"^_[A-Z]")
    found = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.attr}"
        for path in modules(PROJECT / "tests")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and private.match(node.attr)
    ]
    assert found == []


def test_the_page_names_neither_torch_nor_dask_nor_plotly() -> None:
    # Charts are plain values here; Plotly draws them in the browser.
    found = [(path.name, name) for path, name in _imports(PROJECT / "app")]
    assert found
    assert [pair for pair in found if pair[1] in {*_HEAVY, "plotly"}] == []


def _python(code: str, *arguments: str) -> Any:
    """What ``code`` prints last, as JSON, in a process of its own in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_pages_process_never_loads_torch_or_dask() -> None:
    write(night([60, 70, 80], [600, 300, 200], pictures=True))
    shown = _python(_RENDER, RUN)
    assert shown["errors"] == 0
    assert any("cycle 2 of 2" in text for text in shown["text"])  # the run was really drawn
    assert _HEAVY.isdisjoint(shown["modules"])


@pytest.mark.parametrize("package", ["app.view_data", "app.charts"])
def test_numbers_and_charts_are_made_without_a_page(package: str) -> None:
    loaded = _python(_IMPORT, package)
    assert package in loaded
    assert _DRAWING.isdisjoint(loaded)


def test_the_page_starts_from_any_folder(tmp_path: Path) -> None:
    # As `streamlit run app/main.py` does: only the script's own folder is on the path. No engine
    # can start here, for no file can be made where the outputs should be.
    done = subprocess.run(
        [sys.executable, str(PROJECT / "app" / "main.py")],
        cwd=tmp_path,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
