"""Slow browsers: the page does not draw faster than they can show."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Session
from tests.browser.page_state import RUN_MS, SOON_MS, expect_points, expect_slider, status

_TIMES_SLOWER = 6
_KEEP_BUSY = """
() => setInterval(() => {
  const end = performance.now() + 200;
  while (performance.now() < end);
}, 340)
"""

# Headless Chromium sometimes behaves so after its window has changed.
_NEVER_IDLE = """
window.requestIdleCallback = (callback, options) =>
  options?.timeout && setTimeout(callback, options.timeout);
"""


def test_a_slow_browser_shows_the_settings_of_a_running_run(session: Session) -> None:
    run = session.server.submit(num_cycles=10, total_eps=10, num=10)
    browser = session.page.context.new_cdp_session(session.page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": _TIMES_SLOWER})
    page = session.open(f"?run={run}")
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    expect_points(page, 11)
    page.get_by_text("More settings").click()
    for name, shown in (("num_cycles", "10"), ("rem_start", "0 %"), ("mask_fraction", "25 %")):
        expect_slider(page, name, shown)
    expect(page.locator(".st-key-num input")).to_have_value("10")
    expect(page.locator(".st-key-preset input")).to_have_value("Custom")
    expect(page).to_have_url(re.compile(rf"run={run}$"), timeout=SOON_MS)
    expect_slider(page, "playhead", "10")


def test_outdated_values_of_a_slow_browser_do_not_pause_the_playhead(session: Session) -> None:
    run = session.server.submit(num_cycles=6, total_eps=6, num=10)
    page = session.open(f"?run={run}")
    # It sends the cycle that it shows with a poll, when the server has a newer one already.
    page.evaluate(_KEEP_BUSY)
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    expect_slider(page, "playhead", "6")
    expect(page.locator(".st-key-follow")).to_have_count(0)


def test_a_browser_that_is_never_idle_follows_a_run_to_its_end(session: Session) -> None:
    run = session.server.submit(num_cycles=3, total_eps=3, num=10)
    session.page.add_init_script(_NEVER_IDLE)
    page = session.open(f"?run={run}")
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    expect_points(page, 4)
