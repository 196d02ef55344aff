"""Browsers on slow computers, in Chromium: the page does not outrun them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.page_state import NIGHT_MS, SOON_MS, expect_points, expect_slider, status

_TIMES_SLOWER = 6
_KEEP_BUSY = """
() => setInterval(() => {
  const end = performance.now() + 200;
  while (performance.now() < end);
}, 340)
"""

# As Chromium without a screen is now and then after its window changed.
_NEVER_IDLE = """
window.requestIdleCallback = (then, how) => how?.timeout && setTimeout(then, how.timeout);
"""


def test_a_slow_browser_shows_a_night_that_goes_on_with_its_own_settings(visit: Visit) -> None:
    run = visit.server.ask(num_cycles=10, total_eps=10, num=10)
    browser = visit.page.context.new_cdp_session(visit.page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": _TIMES_SLOWER})
    page = visit.open(f"?run={run}")
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    expect(status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect_points(page, 11)
    page.get_by_text("More settings").click()
    for name, shown in (("num_cycles", "10"), ("rem_start", "0 %"), ("mask_fraction", "25 %")):
        expect_slider(page, name, shown)
    expect(page.locator(".st-key-num input")).to_have_value("10")
    expect(page.locator(".st-key-preset input")).to_have_value("Your own")
    expect(page).to_have_url(re.compile(rf"run={run}$"), timeout=SOON_MS)
    expect_slider(page, "scrub", "10")


def test_a_browser_that_is_slow_is_not_taken_for_a_hand_on_the_cycle_slider(visit: Visit) -> None:
    run = visit.server.ask(num_cycles=6, total_eps=6, num=10)
    page = visit.open(f"?run={run}")
    # It answers a poll with the cycle it shows, when the server has gone on to the next already.
    page.evaluate(_KEEP_BUSY)
    expect(status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect_slider(page, "scrub", "6")
    expect(page.locator(".st-key-follow")).to_have_count(0)


def test_a_browser_that_is_never_idle_follows_a_night_to_its_end(visit: Visit) -> None:
    run = visit.server.ask(num_cycles=3, total_eps=3, num=10)
    visit.page.add_init_script(_NEVER_IDLE)
    page = visit.open(f"?run={run}")
    expect(status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect_points(page, 4)
