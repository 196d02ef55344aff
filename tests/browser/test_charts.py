"""The charts in Chromium: zoom and hidden traces stay during a run; contrast of their texts."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewSession, Session
from tests.browser.page_state import CHARTS, RUN_MS, SOON_MS, expect_points, figure, status
from tools.page_server import PageServer

_ALL = [*CHARTS, "hypnogram"]
_HIDDEN = "new"

# Mark the node, and record every version of the figure that is drawn in it.
_WATCH = """
(node) => {
  node.mark = "the same node";
  node.versions = [];
  new MutationObserver(() => node.versions.push(node.dataset.version))
    .observe(node, { attributeFilter: ["data-version"] });
}
"""
_APPEARANCE = """
(node) => ({
  mark: node.mark,
  x: node._fullLayout.xaxis.range,
  y: node._fullLayout.yaxis.range,
  visible: Object.fromEntries(node._fullData.map((trace) => [trace.name, trace.visible])),
  colours: Object.fromEntries(node._fullData.map((trace) => [trace.name, trace.line.color])),
  drawn: [...node.querySelectorAll(".scatterlayer .js-line")].map((line) => line.style.stroke),
})
"""

_COLOURS = """
(node) => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  return {
    texts: [...node.querySelectorAll("svg text")]
      .filter((text) => text.textContent.trim())
      .map((text) => numbers(getComputedStyle(text).fill)),
    page: numbers(getComputedStyle(document.querySelector(".stApp")).backgroundColor),
    body: numbers(getComputedStyle(document.body).backgroundColor),
  };
}
"""


def test_zoom_and_hidden_traces_stay_during_the_updates_of_a_run(session: Session) -> None:
    settings = {"num_cycles": 10, "total_eps": 20, "num": 10}
    run, other = (
        session.server.submit(**settings, start_fraction_rem=rem, end_fraction_rem=rem)
        for rem in (0.5, 0)
    )
    page = session.open(f"?run={run}&with={other}")
    chart = figure(page, "error_chart")
    _wait_for_points(page, 2)
    chart.evaluate(_WATCH)
    original = chart.evaluate(_APPEARANCE)
    _zoom(page)
    page.wait_for_function(
        """(y) => {
          const node = document.querySelector(".st-key-error_chart_figure .figure");
          return String(node._fullLayout.yaxis.range) !== String(y);
        }""",
        arg=original["y"],
    )
    chart.locator(".legend .traces", has_text=re.compile(f"^{_HIDDEN}$")).locator(
        ".legendtoggle"
    ).click()
    page.wait_for_function(
        """(name) => {
          const node = document.querySelector(".st-key-error_chart_figure .figure");
          return node._fullData.some((trace) => trace.name === name && trace.visible !== true);
        }""",
        arg=_HIDDEN,
    )
    changed = chart.evaluate(_APPEARANCE)
    assert changed["x"] != original["x"]
    _expect_zoomed_in(original, changed)

    drawn = chart.evaluate("(node) => node.versions.length")
    page.wait_for_function(
        """(drawn) => {
          const node = document.querySelector(".st-key-error_chart_figure .figure");
          return node.versions.length >= drawn + 3;
        }""",
        arg=drawn,
        timeout=RUN_MS,
    )
    expect(status(page)).to_contain_text("running")
    assert chart.evaluate(_APPEARANCE) == changed
    assert changed["mark"] == "the same node"
    assert changed["visible"] == {
        "old": True,
        _HIDDEN: "legendonly",
        "old, no REM": True,
        "new, no REM": True,
    }
    assert changed["colours"] == original["colours"]


def _expect_zoomed_in(original: dict[str, Any], changed: dict[str, Any]) -> None:
    for axis in ("x", "y"):
        low, high = changed[axis]
        assert original[axis][0] < low < high < original[axis][1]


def _zoom(page: Page) -> None:
    """Zoom into the middle of the error chart with the mouse."""
    chart = figure(page, "error_chart")
    chart.scroll_into_view_if_needed()
    area = chart.locator(".nsewdrag").bounding_box()
    assert area is not None
    corners = [
        (area["x"] + share * area["width"], area["y"] + share * area["height"])
        for share in (0.2, 0.8)
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=8)
    page.mouse.up()


def _wait_for_points(page: Page, count: int) -> None:
    """Wait until every line of both runs has that many points."""
    page.wait_for_function(
        """(count) => {
          const node = document.querySelector(".st-key-error_chart_figure .figure");
          const lines = node?._fullData ?? [];
          return lines.length === 4 && lines.every((trace) => trace.x?.length >= count);
        }""",
        arg=count,
        timeout=RUN_MS,
    )


def test_a_chart_out_of_sight_is_drawn_less_often_and_updated_when_it_is_visible(
    session: Session,
) -> None:
    run = session.server.submit(num_cycles=6, total_eps=12, num=5, start_fraction_rem=0.5)
    page = session.open(f"?run={run}")
    charts = [figure(page, key) for key in ("error_chart", "loss_chart")]
    for chart in charts:
        chart.wait_for()
        chart.evaluate(_WATCH)
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    visible, hidden = (chart.evaluate("(node) => node.versions.length") for chart in charts)
    assert hidden < visible
    charts[1].scroll_into_view_if_needed()
    page.wait_for_function(
        """(epochs) => {
          const node = document.querySelector(".st-key-loss_chart_figure .figure");
          return node.data.some((trace) => trace.x.length === epochs);
        }""",
        arg=12,
        timeout=SOON_MS,
    )


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_texts_of_all_charts_have_enough_contrast_in_both_themes(
    new_session: NewSession, server: PageServer, scheme: str, other: str
) -> None:
    page = new_session(server, color_scheme=scheme).open()
    expect_points(page, 21, 11)
    assert _expect_readable(page) == (scheme == "dark")
    page.emulate_media(color_scheme=other)
    page.wait_for_function(
        """([scheme, keys]) => {
          const bright = (colour) => Number(colour.match(/\\d+/)[0]) > 127;
          const page = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
          return bright(page) === (scheme === "light") && keys.every((key) => {
            const text = document.querySelector(`.st-key-${key}_figure .figure svg text`);
            return bright(getComputedStyle(text).fill) !== bright(page);
          });
        }""",
        arg=[other, _ALL],
        timeout=SOON_MS,
    )
    assert _expect_readable(page) == (other == "dark")


def _expect_readable(page: Page) -> bool:
    """Expect enough contrast in all charts; return whether the page is dark."""
    background = 0.0
    for key in _ALL:
        colours = figure(page, key).evaluate(_COLOURS)
        assert colours["page"] == colours["body"]
        assert colours["texts"]
        background = _luminance(colours["page"])
        for text in colours["texts"]:
            assert _contrast(_luminance(text), background) >= 4.5, (key, text)
    return background < 0.5


def _luminance(colour: list[float]) -> float:
    """Relative luminance after WCAG 2.2 of an opaque colour: red, green, blue in 0 to 255."""
    assert len(colour) == 3 or colour[3] == 1
    parts = [part / 255 for part in colour[:3]]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def _contrast(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)
