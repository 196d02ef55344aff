"""Visitors in Chromium: recognised after a reload, and watching the runs of others."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewSession, Session
from tests.browser.page_state import SOON_MS, expect_cycle, run_button, status
from tests.browser.screen import overflow
from tools.page_server import PageServer

_LONG_RUN = "total_eps=60&num_cycles=30&compare=none"
_NO_COOKIES = """
Object.defineProperty(Document.prototype, "cookie", { get: () => "", set: () => {} });
"""


def _run(page: Page) -> str:
    """Press Run and return the run's id."""
    run_button(page).click()
    page.wait_for_url(re.compile(r"[?&]run="), timeout=SOON_MS)
    expect(_stop(page)).to_be_enabled(timeout=SOON_MS)
    (run_id,) = re.findall(r"run=([\w-]+)", page.url)
    return str(run_id)


def _stop(page: Page) -> Locator:
    return page.locator(".st-key-stop button")


def _cookies(session: Session) -> list[dict[str, object]]:
    cookies = session.page.context.cookies()
    return [dict(cookie) for cookie in cookies if cookie["name"] == "sleep_visitor"]


def test_a_visitor_is_recognised_after_a_reload_and_another_one_can_only_watch(
    new_session: NewSession, server: PageServer
) -> None:
    first, second = new_session(server), new_session(server, 390, 844)
    page = first.open(f"?{_LONG_RUN}")
    _run(page)
    (cookie,) = _cookies(first)
    assert (cookie["sameSite"], cookie["path"]) == ("Strict", "/")
    expect(status(page)).to_contain_text("only this browser and the host can stop it")

    watching = second.open(page.url.removeprefix(f"{server.url}/"))
    expect(status(watching)).to_contain_text(
        "only the browser that started it and the host can stop"
    )
    expect(_stop(watching)).to_have_count(0)
    expect(run_button(watching)).to_be_enabled()
    expect_cycle(watching, 2, 30)
    assert overflow(watching) == 0
    (other,) = _cookies(second)
    assert other["value"] != cookie["value"]

    page.reload()
    expect(_stop(page)).to_be_enabled(timeout=SOON_MS)
    assert [stored["value"] for stored in _cookies(first)] == [cookie["value"]]
    _stop(page).click()
    for shown in (page, watching):
        expect(status(shown)).to_contain_text("stopped", timeout=SOON_MS)
    expect(page.locator(".st-key-resume button")).to_be_enabled(timeout=SOON_MS)
    expect(watching.locator(".st-key-resume")).to_have_count(0)


def test_a_second_tab_of_the_browser_is_the_same_visitor(
    new_session: NewSession, server: PageServer
) -> None:
    first = new_session(server)
    page = first.open(f"?{_LONG_RUN}")
    _run(page)
    tab = Session(first.page.context.new_page(), server)
    tab.open(page.url.removeprefix(f"{server.url}/"))
    _stop(tab.page).click()
    expect(status(page)).to_contain_text("stopped", timeout=SOON_MS)
    assert tab.errors == []


def test_a_browser_without_cookies_can_stop_its_run_until_it_reloads(
    new_session: NewSession, server: PageServer
) -> None:
    session = new_session(server)
    session.page.add_init_script(_NO_COOKIES)
    page = session.open(f"?{_LONG_RUN}")
    run = _run(page)
    expect(status(page)).to_contain_text("This browser stores no cookies", timeout=SOON_MS)
    page.reload()
    expect(status(page)).to_contain_text("only the browser that started it", timeout=SOON_MS)
    expect(status(page)).to_contain_text("This browser stores no cookies", timeout=SOON_MS)
    expect(_stop(page)).to_have_count(0)
    server.stop(run)
    expect(status(page)).to_contain_text("stopped", timeout=SOON_MS)
