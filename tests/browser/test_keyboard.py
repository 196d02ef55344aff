"""The page without a mouse, in Chromium."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.page_state import (
    NIGHT_MS,
    SOON_MS,
    expect_no_more_polls,
    expect_points,
    expect_slider,
    run_button,
    slider,
    status,
)

_MOST_TABS = 60
_DEBOUNCED_MS = 1_000  # within which Streamlit's slider has told the server, and is answered
_REACHED = """
() => {
  const key = document.activeElement.closest("[class*=st-key-]")?.className ?? "";
  return key.match(/st-key-(\\w+?)(_\\d+)?\\b/)?.[1];
}
"""
_WATCH_DREAMS = """
() => {
  window.dreams = [];
  new MutationObserver(() => {
    const said = document.querySelector(".film .dreams h4")?.textContent;
    if (said && said !== window.dreams.at(-1)) window.dreams.push(said);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_tab_reaches_every_control_in_the_order_of_the_page(visit: Visit) -> None:
    page = visit.open()
    expect_points(page, 21, 11)
    reached = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_REACHED))
    wanted = ["preset", "num_cycles", "rem_start", "rem_end", "split", "compare", "run"]
    wanted += ["about_kept", "play", "cycle", "numbers"]
    first = [reached.index(key) for key in wanted if key in reached]
    assert len(first) == len(wanted)
    assert first == sorted(first)


def test_arrow_keys_move_the_cycle_and_pictures_and_scores_follow(visit: Visit) -> None:
    page = visit.open()
    expect_points(page, 21, 11)
    film, scores = page.locator(".st-key-filmstrip"), page.locator(".st-key-scorecard")
    expect(film).to_contain_text("Dreams of cycle 10")
    at_the_end = scores.inner_text()
    _tab_to(page, ".st-key-scrub input")
    page.keyboard.press("ArrowLeft")
    expect(film).to_contain_text("Dreams of cycle 9", timeout=SOON_MS)
    expect_slider(page, "scrub", "9")
    page.keyboard.press("Home")
    expect(scores).to_contain_text("after the first cycle", timeout=SOON_MS)
    expect(film).not_to_contain_text("Dreams of")
    page.keyboard.press("End")
    expect(film).to_contain_text("Dreams of cycle 10", timeout=SOON_MS)
    expect(scores).to_have_text(at_the_end, use_inner_text=True)


def test_play_goes_through_the_night_by_itself_and_stops_at_its_end(visit: Visit) -> None:
    page = visit.open()
    expect_points(page, 21, 11)
    play = page.locator(".st-key-play button")
    page.evaluate(_WATCH_DREAMS)
    _tab_to(page, ".st-key-play button")
    page.keyboard.press("Enter")
    expect(play).to_contain_text("Pause", timeout=SOON_MS)
    expect(play).to_contain_text("Play", timeout=SOON_MS)
    expect_slider(page, "scrub", "10")
    expect(page.locator(".st-key-filmstrip")).to_contain_text("Dreams of cycle 10")
    played = [int(said.split()[-1]) for said in page.evaluate("window.dreams")]
    played = played[1:] if played[0] == 10 else played  # as before it was pressed
    assert played == sorted(played)
    assert len(played) >= 5  # a busy machine may leave some out
    assert played[-1] == 10
    expect_no_more_polls(visit)


def test_enter_on_run_starts_the_night(visit: Visit) -> None:
    page = visit.open("?preset=nap-without-rem&compare=none&num=10")
    expect(page.locator(".st-key-preset input")).to_have_value("Nap without REM")
    _tab_to(page, ".st-key-run button")
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect_points(page, 2)
    expect(run_button(page)).to_be_enabled()


def test_a_cycle_that_was_chosen_stays_until_follow_is_pressed(visit: Visit) -> None:
    run = visit.server.ask(num_cycles=10, total_eps=40, num=200)
    page = visit.open(f"?run={run}")
    expect(status(page)).to_contain_text(re.compile("cycle [3-5] of 10"), timeout=NIGHT_MS)
    _tab_to(page, ".st-key-scrub input")
    follow = page.locator(".st-key-follow button")
    while not follow.count():  # a key in the moment in which the night moves on may be lost
        page.keyboard.press("Home")
        page.wait_for_timeout(_DEBOUNCED_MS)
        expect(status(page)).to_contain_text("running")
    expect(follow).to_contain_text("Follow", timeout=SOON_MS)
    expect(status(page)).to_contain_text(re.compile("cycle ([7-9]|10) of 10"), timeout=NIGHT_MS)
    expect_slider(page, "scrub", "0")
    follow.focus()
    page.keyboard.press("Enter")
    expect(follow).to_have_count(0, timeout=SOON_MS)
    expect(slider(page, "scrub")).to_have_attribute(
        "aria-valuetext", re.compile(r"^([6-9]|10)$"), timeout=SOON_MS
    )
