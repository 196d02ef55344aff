"""The charts as they are sent to the browser: drawn anew only for what has changed."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.figure import LIBRARY
from core.support import environment
from tests.helpers.page_runs import RUN, html_of, night, no_engine, open_page, write

FIGURES = ("hypnogram", "error_chart", "recall_chart", "loss_chart", "dream_chart")


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(tmp_path / "outputs", monkeypatch)
    write(night([100, 150, 200], [500, 300, 180]))


def sent(page: AppTest) -> dict[str, dict[str, Any]]:
    """What each figure's part in the browser is told."""
    return {key: json.loads(page.get_by_key(f"{key}_figure").proto.json) for key in FIGURES}


def versions(page: AppTest) -> dict[str, str]:
    return {key: str(data["version"]) for key, data in sent(page).items()}


def test_each_figure_says_what_there_is_to_see_and_how_high_it_is() -> None:
    for key, data in sent(open_page(RUN)).items():
        assert data["alt"].endswith(".")
        assert data["height"] == json.loads(data["figure"])["layout"]["height"]
        assert data["name"] == key
        assert data["quiet"] is (key == "hypnogram")


def test_the_script_that_draws_is_the_pages_own_and_fetched_early() -> None:
    page = open_page(RUN)
    assert {data["source"] for data in sent(page).values()} == {LIBRARY}
    assert LIBRARY in html_of(page, "preload")


def test_the_script_is_of_the_version_whose_schema_the_charts_are_held_against() -> None:
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    whole = Path(package.origin).parent / "package_data" / "plotly.min.js"
    of_own, of_schema = (
        re.search(
            r"plotly\.js (?:\(basic - minified\) )?v([\d.]+)", script.read_text("utf-8")[:100]
        )
        for script in (environment.PROJECT / LIBRARY, whole)
    )
    assert of_own is not None
    assert of_schema is not None
    assert of_own[1] == of_schema[1]
    assert LIBRARY.endswith(f"-{of_own[1]}.min.js")


def test_what_has_not_changed_keeps_its_version() -> None:
    page = open_page(RUN)
    first = versions(page)
    page.run()
    assert versions(page) == first
    page.slider(key="num_cycles").set_value(3).run()
    assert {key for key in FIGURES if versions(page)[key] != first[key]} == {"hypnogram"}


def test_another_cycle_is_marked_where_cycles_are_shown() -> None:
    page = open_page(RUN)
    first = versions(page)
    page.slider(key="cycle").set_value(1).run()
    changed = {key for key in FIGURES if versions(page)[key] != first[key]}
    assert changed == {"error_chart", "recall_chart", "loss_chart"}


def test_zoom_lasts_within_a_run_and_a_measure() -> None:
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
