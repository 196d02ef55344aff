"""Nights on the page, in Chromium: run, refreshed, shared, stopped, resumed, and survived."""

import json
import os
import re
import signal

from playwright.sync_api import Locator, Page, expect

from core.store import LOG
from tests.browser.conftest import Server, Visit, Visitors

STATUS = ".st-key-run_status"
CHART = ".st-key-error_chart"
POINTS = f"{CHART} .scatterlayer .point"
NIGHT_MS = 300_000  # seconds on a free machine, minutes on a busy one


def _slide(page: Page, key: str, keys: str, times: int = 1) -> None:
    handle = page.locator(f".st-key-{key}").get_by_role("slider")
    handle.focus()
    for _ in range(times):
        page.keyboard.press(keys)


def _status(page: Page) -> Locator:
    return page.locator(STATUS)


def _expect_done(page: Page, cycles: int = 3) -> None:
    expect(_status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect(_status(page)).to_contain_text(f"cycle {cycles} of {cycles}")
    expect(page.locator(POINTS)).to_have_count(2 * (cycles + 1))  # both memories; one is before
    expect(page.locator(".st-key-run button")).to_be_enabled()
    for key in ("stop", "resume"):
        expect(page.locator(f".st-key-{key}")).to_have_count(0)


def _resumed(server: Server, run: str) -> bool:
    return "NightResumed" in (server.outputs / "runs" / run / LOG).read_text("utf-8")


def test_a_night_from_the_button_to_the_last_cycle_with_refreshes(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator(CHART)).to_contain_text("once a night runs")
    _slide(page, "num_cycles", "ArrowLeft", times=7)
    _slide(page, "rem_end", "Home")
    dose = page.locator(".st-key-hypnogram")
    expect(dose).to_contain_text("REM asked 25 %, runs 25 %; 5,000 gradient steps")

    page.locator(".st-key-run button").click()
    expect(_status(page)).to_contain_text(re.compile("queued|running"), timeout=60_000)
    expect(page.locator(".st-key-stop button")).to_be_visible()
    expect(_status(page)).to_contain_text("cycle 2 of 3", timeout=NIGHT_MS)
    expect(_status(page).get_by_role("progressbar")).to_be_visible()
    address = page.url
    assert re.search(r"\?run=[\w-]+$", address)

    page.reload()
    expect(_status(page)).to_contain_text(re.compile(r"running\s*cycle [23] of 3"), timeout=60_000)
    expect(_status(page)).to_contain_text("3 cycles · REM 50 % to 0 %")
    expect(page.locator(POINTS)).not_to_have_count(0)  # what it had shown before
    _expect_done(page)

    page.reload()
    _expect_done(page)
    expect(_status(page)).to_contain_text("3 cycles · REM 50 % to 0 %")
    expect(dose).to_contain_text("REM asked 25 %")  # the sliders are the run's again
    assert page.url == address


def test_nights_go_on_side_by_side_also_when_a_visitor_has_left(
    visitors: Visitors, server: Server
) -> None:
    runs = [server.ask(person) for person in ("one", "another")]
    first, second = visitors(server), visitors(server)
    for visit, run in zip((first, second), runs, strict=True):
        visit.open(f"?run={run}")
    for visit in (first, second):
        expect(_status(visit.page)).to_contain_text(re.compile(r"cycle \d of 3"), timeout=NIGHT_MS)
    first.leave()
    _expect_done(visitors(server).open(f"?run={runs[0]}"))  # the link, in another browser
    _expect_done(second.page)


def test_a_night_is_stopped_and_resumed_to_its_end(visit: Visit) -> None:
    run = visit.server.ask()
    page = visit.open(f"?run={run}")
    expect(_status(page)).to_contain_text("cycle 2 of 3", timeout=NIGHT_MS)
    page.locator(".st-key-stop button").click()
    expect(_status(page)).to_contain_text("stopped", timeout=60_000)
    expect(page.locator(".st-key-run button")).to_be_enabled()
    page.reload()
    expect(_status(page)).to_contain_text("stopped", timeout=60_000)
    page.locator(".st-key-resume button").click()
    _expect_done(page)
    assert _resumed(visit.server, run)


def test_a_night_outlives_its_engine(visit: Visit) -> None:
    run = visit.server.ask()
    page = visit.open(f"?run={run}")
    expect(_status(page)).to_contain_text("cycle 2 of 3", timeout=NIGHT_MS)
    told = json.loads((visit.server.outputs / "engine" / "state.json").read_text("utf-8"))
    os.kill(told["pid"], signal.SIGKILL)
    expect(_status(page)).to_contain_text(re.compile("interrupted|queued"), timeout=60_000)
    _expect_done(page)
    assert _resumed(visit.server, run)


def test_a_night_outlives_the_server_and_its_engine(own_server: Server, visitors: Visitors) -> None:
    # (The server comes first so that it ends last, when no page is left to miss it.)
    run = own_server.ask()
    first = visitors(own_server)
    page = first.open(f"?run={run}")
    expect(_status(page)).to_contain_text("cycle 2 of 3", timeout=NIGHT_MS)
    first.leave()
    own_server.kill()
    own_server.start()
    _expect_done(visitors(own_server).open(f"?run={run}"))
    assert _resumed(own_server, run)
