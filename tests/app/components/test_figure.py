"""The charts that are sent to the browser: only those that changed are drawn again."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.figure import LIBRARY
from core.support import environment
from tests.helpers.page_runs import RUN, night, write
from tests.helpers.pages import html_of, no_engine, open_page

FIGURES = ("hypnogram", "error_chart", "recall_chart", "loss_chart", "dream_chart")


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(tmp_path / "outputs", monkeypatch)
    write(night([100, 150, 200], [500, 300, 180]))


def sent(page: AppTest) -> dict[str, dict[str, Any]]:
    """Return the data that each figure's component in the browser receives."""
    return {key: json.loads(page.get_by_key(f"{key}_figure").proto.json) for key in FIGURES}


def versions(page: AppTest) -> dict[str, str]:
    return {key: str(data["version"]) for key, data in sent(page).items()}


def test_each_figure_has_an_alternative_text_and_a_height() -> None:
    for key, data in sent(open_page(RUN)).items():
        assert data["alt"].endswith(".")
        assert data["height"] == json.loads(data["figure"])["layout"]["height"]
        assert data["name"] == key
        assert data["static"] is (key == "hypnogram")


def test_plotlys_script_is_served_by_the_page_and_preloaded() -> None:
    page = open_page(RUN)
    assert {data["source"] for data in sent(page).values()} == {LIBRARY}
    assert LIBRARY in html_of(page, "preload")


def test_plotlys_script_has_the_version_of_the_python_package_that_checks_the_charts() -> None:
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    full_build = Path(package.origin).parent / "package_data" / "plotly.min.js"
    served, checked = (
        re.search(
            r"plotly\.js (?:\(basic - minified\) )?v([\d.]+)", script.read_text("utf-8")[:100]
        )
        for script in (environment.PROJECT / LIBRARY, full_build)
    )
    assert served is not None
    assert checked is not None
    assert served[1] == checked[1]
    assert LIBRARY.endswith(f"-{served[1]}.min.js")


def test_an_unchanged_figure_keeps_its_version() -> None:
    page = open_page(RUN)
    first = versions(page)
    page.run()
    assert versions(page) == first
    page.slider(key="num_cycles").set_value(3).run()
    assert {key for key in FIGURES if versions(page)[key] != first[key]} == {"hypnogram"}


def test_another_cycle_changes_only_the_charts_that_mark_it() -> None:
    page = open_page(RUN)
    first = versions(page)
    page.slider(key="cycle").set_value(1).run()
    changed = {key for key in FIGURES if versions(page)[key] != first[key]}
    assert changed == {"error_chart", "recall_chart", "loss_chart"}


def test_zoom_lasts_while_run_and_measure_are_the_same() -> None:
    page = open_page(RUN)

    def revisions() -> list[str]:
        figures = [json.loads(sent(page)[key]["figure"]) for key in ("error_chart", "recall_chart")]
        return [str(figure["layout"]["uirevision"]) for figure in figures]

    first = revisions()
    page.slider(key="cycle").set_value(1).run()
    assert revisions() == first
    page.button_group(key="recall_measure").set_value("recall_error").run()
    assert revisions()[0] == first[0]
    assert revisions()[1] != first[1]
    assert all(RUN in revision for revision in revisions())
