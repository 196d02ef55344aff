"""The address in Chromium: it describes the page, and invalid parts of it fall back."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewSession, Session
from tests.browser.page_state import (
    SOON_MS,
    expect_points,
    expect_slider,
    figure,
    run_button,
    slider,
    status,
)
from tools.page_server import PageServer

_SETTINGS = {
    "num_cycles": "4",
    "rem_start": "10",
    "rem_end": "30.5",
    "split": "digits",
    "total_eps": "40",
    "num": "7",
    "seeds": "3",
    "dreamer": "current",
    "latent_dim": "10",
    "lr": "0.002",
    "mask": "top",
    "compare": "all-rem",
}


def _query(settings: dict[str, str]) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in settings.items())


def test_an_invalid_address_shows_the_example_the_defaults_and_a_note(session: Session) -> None:
    page = session.open(
        "?run=../../etc/passwd&with=%00&preset=siesta&num_cycles=many&rem_start=400&lr=nan"
        "&seeds=2&split=<script>alert(1)</script>&colour=blue"
    )
    expect(status(page)).to_contain_text("example")
    expect_points(page, 21, 11)
    note = page.get_by_test_id("stAlert").filter(visible=True)
    for name in ("no run at this address", "siesta", "num_cycles", "rem_start", "lr", "seeds"):
        expect(note.filter(has_text=name)).to_have_count(1)
    for name in ("<script>alert(1)</script>", "colour is not a setting"):
        expect(note.filter(has_text=name)).to_have_count(1)
    for key, text in (("num_cycles", "10"), ("rem_start", "50 %"), ("rem_end", "50 %")):
        expect_slider(page, key, text)
    expect(run_button(page)).to_be_enabled()
    page.wait_for_url(re.compile(r"/$"), timeout=SOON_MS)


def test_an_address_of_settings_sets_every_control(session: Session) -> None:
    page = session.open(_query(_SETTINGS))
    expect(page.locator(".st-key-hypnogram")).to_contain_text("in 40 epochs")
    _expect_settings(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_copied_address_shows_the_same_controls_and_hypnogram(
    new_session: NewSession, server: PageServer
) -> None:
    page = new_session(server).open(_query(_SETTINGS))
    slider(page, "num_cycles").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"num_cycles=5\b"), timeout=SOON_MS)
    hypnogram = figure(page, "hypnogram")
    expect(hypnogram).to_have_attribute("aria-label", re.compile("of 5 cycles"), timeout=SOON_MS)

    copied = new_session(server).open(page.url.removeprefix(f"{server.url}/"))
    _expect_settings(copied, num_cycles="5")
    dose = page.locator(".st-key-hypnogram").inner_text()
    expect(copied.locator(".st-key-hypnogram")).to_have_text(dose, use_inner_text=True)
    stages = str(hypnogram.get_attribute("aria-label"))
    expect(figure(copied, "hypnogram")).to_have_attribute("aria-label", stages)
    assert copied.url == page.url


def _expect_settings(page: Page, **changed: str) -> None:
    """Expect that every control has its value in `_SETTINGS` or ``changed``."""
    page.get_by_text("More settings").click()
    settings = {**_SETTINGS, **changed}
    for key, unit in (("num_cycles", ""), ("rem_start", " %"), ("rem_end", " %")):
        expect_slider(page, key, f"{settings[key]}{unit}")
    for key in ("total_eps", "num", "lr"):
        expect(page.locator(f".st-key-{key} input")).to_have_value(settings[key])
    for key, label in (("seeds", "3"), ("latent_dim", "10")):
        selected = page.locator(f".st-key-{key}").locator(
            "[aria-checked=true], [aria-pressed=true]"
        )
        expect(selected).to_have_text(label)
    for key, label in (("split", "Digits 0-4"), ("dreamer", "current")):
        radio = f".st-key-{key}"
        selected = page.locator(f"{radio} input:checked + div, {radio} label:has(:checked)")
        expect(selected).to_contain_text(label)
    expect(page.locator(".st-key-compare input")).to_have_value(re.compile("all REM"))
    expect(page.locator(".st-key-mask input")).to_have_value(re.compile("[Tt]op"))
