"""Promises about what imports what."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.support import environment
from tests.helpers.page_runs import RUN, night, write

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
    """Every top-level name that a file below ``folder`` imports, wherever in the file."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield path, alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.split(".")[0]


def test_core_knows_nothing_of_the_page() -> None:
    found = [(path.name, name) for path, name in _imports(environment.PROJECT / "core")]
    assert found
    assert [pair for pair in found if pair[1] in _PAGE] == []


def test_the_page_names_neither_torch_nor_dask_nor_plotly() -> None:
    # Charts are plain values here; Plotly draws them in the browser.
    found = [(path.name, name) for path, name in _imports(environment.PROJECT / "app")]
    assert found
    assert [pair for pair in found if pair[1] in {*_HEAVY, "plotly"}] == []


def _python(code: str, *arguments: str) -> Any:
    """What ``code`` prints last, as JSON, in a process of its own in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=environment.PROJECT,
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
        [sys.executable, str(environment.PROJECT / "app" / "main.py")],
        cwd=tmp_path,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": os.devnull},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
