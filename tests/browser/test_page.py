"""The page without a night going on, in Chromium: its layout, its names, its explanations."""

import re
from itertools import pairwise

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, Visitors
from tests.browser.page_state import CHARTS, expect_points, figure
from tests.browser.screen import box, expect_in_first_screenful, overflow
from tools.page_server import Server

# Every name that a browser computes, as far as this page has any: see "accname" of the W3C.
_NAMELESS = """
() => [...document.querySelectorAll("button, input, [role=slider], [role=img], img")]
  .filter((node) => node.checkVisibility() && !node.closest("[aria-hidden=true]"))
  .filter((node) => {
    const by = (node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
    const said = [
      node.getAttribute("aria-label"),
      node.getAttribute("alt"),
      node.getAttribute("title"),
      ...by.map((id) => document.getElementById(id)?.textContent),
      ...[...(node.labels ?? [])].map((label) => label.textContent),
      node.tagName === "BUTTON" ? node.textContent : "",
    ];
    return !said.some((text) => text?.trim());
  })
  .map((node) => node.outerHTML.slice(0, 300))
"""


def test_measures_are_explained_one_click_or_hover_away(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="old memories kept").click()
    popover = page.get_by_test_id("stPopoverBody")
    expect(popover.get_by_text("redraws them as well as before")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".st-key-error_chart").get_by_role("button", name="Help").hover()
    tooltip = page.get_by_test_id("stTooltipContent")
    expect(tooltip.get_by_text("summed over all 784 pixels")).to_be_visible()
    page.get_by_text("How this is measured").click()
    expect(page.get_by_text("by chance that is about 5 %").last).to_be_visible()


def test_a_small_desktop_shows_night_status_scores_and_charts_without_scrolling(
    visit: Visit,
) -> None:
    page = _with_charts(visit)
    assert overflow(page) == 0
    expect_in_first_screenful(page)
    left, right = (box(page, f".st-key-{key}") for key in ("error_chart", "recall_chart"))
    assert left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] <= 1280


def test_a_phone_shows_everything_in_one_column_and_in_order(
    visitors: Visitors, server: Server
) -> None:
    page = _with_charts(visitors(server, 390, 844))
    assert overflow(page) == 0
    keys = (
        *("preset", "num_cycles", "rem_end", "compare"),
        *("hypnogram", "run", "scorecard", "error_chart", "recall_chart"),
        *("scrub", "filmstrip", "loss_chart", "dream_chart"),
    )
    boxes = [box(page, f".st-key-{key}") for key in keys]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]
    assert min(each["x"] for each in boxes) >= 0
    for key in ("hypnogram", *CHARTS):
        drawn = figure(page, key).locator(".main-svg").first.bounding_box()
        assert drawn is not None
        assert drawn["width"] >= 300
        assert drawn["x"] + drawn["width"] <= 390


def test_everything_that_is_seen_or_pressed_has_a_name(visit: Visit) -> None:
    page = _with_charts(visit)
    page.get_by_text("More settings").click()
    expect(page.locator(".st-key-total_eps input")).to_be_visible()
    for key in ("hypnogram", *CHARTS):
        expect(figure(page, key)).to_have_role("img")
        expect(figure(page, key)).to_have_accessible_name(re.compile(r"\w{3,}.*\.$"))
    pictures = page.locator(".st-key-filmstrip img")
    expect(pictures).not_to_have_count(0)
    assert page.evaluate(_NAMELESS) == []


def _with_charts(visit: Visit) -> Page:
    page = visit.open()
    expect_points(page, 21, 11)
    expect(page.locator(".st-key-filmstrip img")).not_to_have_count(0)
    expect(figure(page, "dream_chart").locator(".point")).not_to_have_count(0)
    return page
