"""The page without a night going on, in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

STATUS = ".st-key-run_status"


def _overflow(page: Page) -> int:
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_the_measure_is_explained_one_click_away(visit: Visit) -> None:
    run = "20260102-030405-0000ff"
    (visit.server.outputs / "runs" / run).mkdir(parents=True, exist_ok=True)
    page = visit.open(f"?run={run}")
    page.get_by_role("button", name="What is reconstruction error?").click()
    expect(page.get_by_text("summed over all 784 pixels")).to_be_visible()


@pytest.mark.parametrize("visit", [390, 1280], indirect=True)
def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    page = visit.open()
    assert _overflow(page) == 0
    run = page.locator(".st-key-run button").bounding_box()
    assert run is not None
    assert run["y"] + run["height"] <= 844  # seen without scrolling


def test_a_nonsense_address_shows_the_empty_page_with_a_note(visit: Visit) -> None:
    page = visit.open("?run=../../etc/passwd")
    expect(page.locator(STATUS)).to_contain_text("no night at this address")
    expect(page.locator(".st-key-run button")).to_be_enabled()
