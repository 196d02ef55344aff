"""The page in Chromium, used with the keyboard only."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Session
from tests.browser.page_state import (
    RUN_MS,
    SOON_MS,
    expect_no_more_polls,
    expect_points,
    expect_slider,
    run_button,
    slider,
    status,
)

_MAX_TABS = 60
_DEBOUNCED_MS = 1_000  # within which the server receives and answers a move of a slider
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
    const title = document.querySelector(".film .dreams h4")?.textContent;
    if (title && title !== window.dreams.at(-1)) window.dreams.push(title);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(_MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_tab_reaches_every_control_in_the_order_of_the_page(session: Session) -> None:
    page = session.open()
    expect_points(page, 21, 11)
    reached = []
    for _ in range(_MAX_TABS):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_REACHED))
    controls = ["preset", "num_cycles", "rem_start", "rem_end", "split", "compare", "run"]
    controls += ["about_kept", "play", "cycle", "numbers"]
    positions = [reached.index(key) for key in controls if key in reached]
    assert len(positions) == len(controls)
    assert positions == sorted(positions)


def test_arrow_keys_move_the_playhead_and_images_and_scores_follow(session: Session) -> None:
    page = session.open()
    expect_points(page, 21, 11)
    film, scores = page.locator(".st-key-filmstrip"), page.locator(".st-key-scorecard")
    expect(film).to_contain_text("Dreams of cycle 10")
    final_scores = scores.inner_text()
    _tab_to(page, ".st-key-playhead input")
    page.keyboard.press("ArrowLeft")
    expect(film).to_contain_text("Dreams of cycle 9", timeout=SOON_MS)
    expect_slider(page, "playhead", "9")
    page.keyboard.press("Home")
    expect(scores).to_contain_text("after the first cycle", timeout=SOON_MS)
    expect(film).not_to_contain_text("Dreams of")
    page.keyboard.press("End")
    expect(film).to_contain_text("Dreams of cycle 10", timeout=SOON_MS)
    expect(scores).to_have_text(final_scores, use_inner_text=True)


def test_play_shows_the_cycles_and_ends_at_the_last_one(session: Session) -> None:
    page = session.open()
    expect_points(page, 21, 11)
    play = page.locator(".st-key-play button")
    page.evaluate(_WATCH_DREAMS)
    _tab_to(page, ".st-key-play button")
    page.keyboard.press("Enter")
    expect(play).to_contain_text("Pause", timeout=SOON_MS)
    expect(play).to_contain_text("Play", timeout=SOON_MS)
    expect_slider(page, "playhead", "10")
    expect(page.locator(".st-key-filmstrip")).to_contain_text("Dreams of cycle 10")
    played = [int(title.split()[-1]) for title in page.evaluate("window.dreams")]
    played = played[1:] if played[0] == 10 else played  # shown before Play was pressed
    assert played == sorted(played)
    assert len(played) >= 5  # a busy machine may skip some
    assert played[-1] == 10
    expect_no_more_polls(session)


def test_enter_on_run_starts_a_run(session: Session) -> None:
    page = session.open("?preset=nap-without-rem&compare=none&num=10")
    expect(page.locator(".st-key-preset input")).to_have_value("Nap without REM")
    _tab_to(page, ".st-key-run button")
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    expect_points(page, 2)
    expect(run_button(page)).to_be_enabled()


def test_a_selected_cycle_stays_until_follow_is_pressed(session: Session) -> None:
    run = session.server.submit(num_cycles=10, total_eps=40, num=200)
    page = session.open(f"?run={run}")
    expect(status(page)).to_contain_text(re.compile("cycle [3-5] of 10"), timeout=RUN_MS)
    _tab_to(page, ".st-key-playhead input")
    follow = page.locator(".st-key-follow button")
    while not follow.count():  # a key pressed during an update may be lost
        page.keyboard.press("Home")
        page.wait_for_timeout(_DEBOUNCED_MS)
        expect(status(page)).to_contain_text("running")
    expect(follow).to_contain_text("Follow", timeout=SOON_MS)
    expect(status(page)).to_contain_text(re.compile("cycle ([7-9]|10) of 10"), timeout=RUN_MS)
    expect_slider(page, "playhead", "0")
    follow.focus()
    page.keyboard.press("Enter")
    expect(follow).to_have_count(0, timeout=SOON_MS)
    expect(slider(page, "playhead")).to_have_attribute(
        "aria-valuetext", re.compile(r"^([6-9]|10)$"), timeout=SOON_MS
    )
