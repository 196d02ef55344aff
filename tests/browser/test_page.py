"""The page without an active run in Chromium: layout, accessible names, definitions."""

import re
from itertools import pairwise

from playwright.sync_api import Page, expect

from core.runs.measures import ERROR
from tests.browser.conftest import NewSession, Session
from tests.browser.page_state import CHARTS, expect_points, figure
from tests.browser.screen import box, expect_in_first_screenful, overflow
from tools.page_server import PageServer

# Elements without an accessible name, by the parts of W3C's "accname" that this page uses.
_NAMELESS = """
() => [...document.querySelectorAll("button, input, [role=slider], [role=img], img")]
  .filter((node) => node.checkVisibility() && !node.closest("[aria-hidden=true]"))
  .filter((node) => {
    const labels = (node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
    const names = [
      node.getAttribute("aria-label"),
      node.getAttribute("alt"),
      node.getAttribute("title"),
      ...labels.map((id) => document.getElementById(id)?.textContent),
      ...[...(node.labels ?? [])].map((label) => label.textContent),
      node.tagName === "BUTTON" ? node.textContent : "",
    ];
    return !names.some((text) => text?.trim());
  })
  .map((node) => node.outerHTML.slice(0, 300))
"""


def test_definitions_are_one_click_or_hover_away(session: Session) -> None:
    page = session.open()
    page.get_by_role("button", name="old memories kept").click()
    popover = page.get_by_test_id("stPopoverBody")
    expect(popover.get_by_text("reconstructed as well as before")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".st-key-error_chart").get_by_role("button", name="Help").hover()
    tooltip = page.get_by_test_id("stTooltipContent")
    expect(tooltip.get_by_text(ERROR.definition)).to_be_visible()
    page.get_by_text("Definitions and limitations").click()
    expect(page.get_by_text("Random guesses reach about 5 %").last).to_be_visible()


def test_a_small_desktop_shows_hypnogram_status_scores_and_charts_without_scrolling(
    session: Session,
) -> None:
    page = _with_charts(session)
    assert overflow(page) == 0
    expect_in_first_screenful(page)
    left, right = (box(page, f".st-key-{key}") for key in ("error_chart", "recall_chart"))
    assert left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] <= 1280


def test_a_phone_shows_all_parts_in_one_column(new_session: NewSession, server: PageServer) -> None:
    page = _with_charts(new_session(server, 390, 844))
    assert overflow(page) == 0
    keys = (
        *("preset", "num_cycles", "rem_end", "compare"),
        *("hypnogram", "run", "scorecard", "error_chart", "recall_chart"),
        *("playhead", "filmstrip", "loss_chart", "dream_chart"),
    )
    boxes = [box(page, f".st-key-{key}") for key in keys]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]
    assert min(part["x"] for part in boxes) >= 0
    for key in ("hypnogram", *CHARTS):
        chart = figure(page, key).locator(".main-svg").first.bounding_box()
        assert chart is not None
        assert chart["width"] >= 300
        assert chart["x"] + chart["width"] <= 390


def test_every_control_chart_and_image_has_an_accessible_name(session: Session) -> None:
    page = _with_charts(session)
    page.get_by_text("More settings").click()
    expect(page.locator(".st-key-total_eps input")).to_be_visible()
    for key in ("hypnogram", *CHARTS):
        expect(figure(page, key)).to_have_role("img")
        expect(figure(page, key)).to_have_accessible_name(re.compile(r"\w{3,}.*\.$"))
    pictures = page.locator(".st-key-filmstrip img")
    expect(pictures).not_to_have_count(0)
    assert page.evaluate(_NAMELESS) == []


def _with_charts(session: Session) -> Page:
    page = session.open()
    expect_points(page, 21, 11)
    expect(page.locator(".st-key-filmstrip img")).not_to_have_count(0)
    expect(figure(page, "dream_chart").locator(".point")).not_to_have_count(0)
    return page
