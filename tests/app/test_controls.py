"""The controls keep their values although Streamlit forgets them."""

from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementTree

from tests.helpers.page_runs import RUN, night, write
from tests.helpers.pages import no_engine, open_page


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(tmp_path / "outputs", monkeypatch)


def _values(page: AppTest) -> dict[str, object]:
    widgets = (page.slider, page.selectbox, page.radio, page.number_input, page.button_group)
    return {widget.key: widget.value for kind in widgets for widget in kind}


def test_widgets_that_the_browser_has_not_shown_yet_keep_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(night([100, 150, 200], [500, 300, 180]))
    page = open_page(RUN, num="7", seeds="3", lr="0.002", mask="top", compare="all-rem")
    page.slider(key="num_cycles").set_value(4).run()
    page.slider(key="cycle").set_value(1).run()
    values = _values(page)
    assert values["num"] == 7
    assert values["num_cycles"] == 4
    monkeypatch.setattr(ElementTree, "get_widget_states", lambda _: WidgetStates())
    page.run()
    assert _values(page) == values


def test_the_default_of_each_widget_is_its_value() -> None:
    # If a second drawing replaces the first one, the browser receives only the default.
    page = open_page(num_cycles="4", rem_start="10", num="7", seeds="3", lr="0.002", split="digits")
    assert page.slider(key="num_cycles").proto.default == [4]
    assert page.slider(key="rem_start").proto.default == [10]
    assert page.number_input(key="num").proto.default == 7
    assert page.number_input(key="lr").proto.default == 0.002
    assert page.radio(key="split").proto.default == 1
    preset = page.selectbox(key="preset")
    assert preset.proto.default == len(preset.options) - 1
    assert page.button_group(key="seeds").proto.default == [1]
