"""A visitor's way through the page, in Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

STATUS = ".st-key-run_status"
CHART = ".st-key-error_chart"
POINTS = f"{CHART} .scatterlayer .point"
NIGHT_MS = 300_000  # seconds on a free machine, minutes on a busy one


def _slide(page: Page, key: str, keys: str, times: int = 1) -> None:
    handle = page.locator(f".st-key-{key}").get_by_role("slider")
    handle.focus()
    for _ in range(times):
        page.keyboard.press(keys)


def _overflow(page: Page) -> int:
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_a_night_from_the_button_to_the_last_cycle_and_a_refresh(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator(CHART)).to_contain_text("once a night runs")
    _slide(page, "num_cycles", "ArrowLeft", times=7)
    _slide(page, "rem_end", "Home")
    dose = page.locator(".st-key-hypnogram")
    expect(dose).to_contain_text("REM asked 25 %, runs 25 %; 5,000 gradient steps")

    page.locator(".st-key-run button").click()
    status = page.locator(STATUS)
    expect(status).to_contain_text(re.compile("queued|running"), timeout=60_000)
    expect(page.locator(".st-key-stop button")).to_be_visible()
    expect(status).to_contain_text(re.compile(r"cycle \d of 3"), timeout=NIGHT_MS)
    expect(status.get_by_role("progressbar")).to_be_visible()
    expect(status).to_contain_text("done", timeout=NIGHT_MS)

    expect(status).to_contain_text("cycle 3 of 3")
    expect(page.locator(POINTS)).to_have_count(2 * 4)  # both memories, before and three cycles
    expect(page.locator(CHART)).to_contain_text("memories")
    expect(page.locator(".st-key-run button")).to_be_visible()
    expect(page.locator(".st-key-stop")).to_have_count(0)

    address = page.url
    assert re.search(r"\?run=[\w-]+$", address)
    page.reload()
    expect(page.locator(STATUS)).to_contain_text("done", timeout=60_000)
    expect(page.locator(STATUS)).to_contain_text("3 cycles · REM 50 % to 0 %")
    expect(page.locator(POINTS)).to_have_count(2 * 4)
    expect(dose).to_contain_text("REM asked 25 %")  # the sliders are the run's again
    assert page.url == address


def test_stop_ends_the_night_and_a_refresh_remembers_it(visit: Visit) -> None:
    page = visit.open()
    page.locator(".st-key-run button").click()
    stop = page.locator(".st-key-stop button")
    expect(stop).to_be_visible(timeout=60_000)
    expect(page.locator(STATUS)).to_contain_text("running", timeout=NIGHT_MS)
    stop.click()
    expect(page.locator(STATUS)).to_contain_text("stopped", timeout=60_000)
    expect(page.locator(".st-key-run button")).to_be_enabled()
    page.reload()
    expect(page.locator(STATUS)).to_contain_text("stopped", timeout=60_000)


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
