"""Runs in Chromium: reloaded, concurrent, shared, stopped, resumed and interrupted."""

import json
import os
import re
import signal

from playwright.sync_api import Page, expect

from core.runs.log import LOG
from tests.browser.conftest import NewSession, Session
from tests.browser.page_state import (
    RUN_MS,
    SOON_MS,
    expect_cycle,
    expect_done,
    expect_slider,
    figure,
    run_button,
    status,
)
from tools.page_server import PageServer

_SHORT_RUN = "total_eps=12&num_cycles=3&num=10"


def _run(page: Page) -> None:
    run_button(page).click()
    page.wait_for_url(re.compile(r"[?&]run="), timeout=SOON_MS)


def _ids(page: Page) -> list[str]:
    return re.findall(r"(?:run|with)=([\w-]+)", page.url)


def _kinds(server: PageServer, run: str) -> list[str]:
    log = (server.outputs / "runs" / run / LOG).read_text("utf-8")
    return [json.loads(line)["kind"] for line in log.splitlines()]


def test_a_reload_during_a_run_shows_the_same_runs_and_controls(session: Session) -> None:
    page = session.open(f"?{_SHORT_RUN}&rem_end=0")
    dose = page.locator(".st-key-hypnogram")
    expect(dose).to_contain_text("REM: 25 % requested")
    _run(page)
    expect_cycle(page, 2, 3)
    expect(page.locator(".st-key-stop button")).to_be_visible()
    address = page.url
    assert len(_ids(page)) == 2

    page.reload()
    expect(status(page)).to_contain_text(re.compile(r"running\s*cycle [23] of 3"), timeout=SOON_MS)
    expect(status(page)).to_contain_text("3 cycles · REM 50 % to 0 %")
    expect(figure(page, "error_chart").locator(".scatterlayer .point")).not_to_have_count(0)
    expect_done(page, 3, 1 + 5, 1 + 3)  # the last cycle has no REM
    scores = page.locator(".st-key-scorecard").inner_text()

    page.reload()
    expect_done(page, 3, 1 + 5, 1 + 3)
    expect(page.locator(".st-key-scorecard")).to_have_text(scores, use_inner_text=True)
    expect(dose).to_contain_text("REM: 25 % requested")  # the controls show the run's settings
    expect_slider(page, "rem_end", "0 %")
    assert page.url == address


def test_runs_of_two_visitors_are_concurrent_and_their_links_show_the_same(
    new_session: NewSession, server: PageServer
) -> None:
    first, second = (new_session(server) for _ in range(2))
    for session, cycles in ((first, 3), (second, 4)):
        _run(session.open(f"?total_eps=12&num_cycles={cycles}&num=10&compare=none"))
    for session, cycles in ((first, 3), (second, 4)):
        position = re.compile(rf"cycle \d of {cycles}")
        expect(status(session.page)).to_contain_text(position, timeout=RUN_MS)
    assert len({*_ids(first.page), *_ids(second.page)}) == 2
    link = first.page.url
    first.close()  # its run continues

    expect_done(second.page, 4, 1 + 2 * 4)
    other = new_session(server)
    other.page.goto(link)
    expect_done(other.page, 3, 1 + 2 * 3)
    again = new_session(server)
    again.page.goto(second.page.url)
    expect_done(again.page, 4, 1 + 2 * 4)
    scores = second.page.locator(".st-key-scorecard").inner_text()
    expect(again.page.locator(".st-key-scorecard")).to_have_text(scores, use_inner_text=True)


def test_both_runs_are_stopped_and_resumed(session: Session) -> None:
    page = session.open("?total_eps=16&num_cycles=4&num=10&compare=all-rem&rem_start=25&rem_end=25")
    _run(page)
    expect_cycle(page, 2, 4)
    page.locator(".st-key-stop button").click()
    expect(status(page)).to_contain_text("stopped", timeout=SOON_MS)
    expect(run_button(page)).to_be_enabled()
    logs = {run: _kinds(session.server, run) for run in _ids(page)}
    stopped = {run: "CycleDone" in log for run, log in logs.items() if log[-1] == "NightStopped"}
    assert stopped[_ids(page)[0]]

    page.reload()
    expect(status(page)).to_contain_text("stopped", timeout=SOON_MS)
    resume = page.locator(".st-key-resume button")
    expect(resume).to_contain_text("Resume")
    resume.click()
    expect_done(page, 4, 1 + 2 * 4, 1 + 4)
    for run, has_cycle in stopped.items():  # a run without a finished cycle starts again
        assert ("NightResumed" in _kinds(session.server, run)) is has_cycle
        assert _kinds(session.server, run)[-1] == "NightDone"


def test_a_run_continues_after_its_engine_was_killed(session: Session) -> None:
    run = session.server.submit(total_eps=60)
    page = session.open(f"?run={run}")
    expect_cycle(page, 2, 3)
    state = json.loads((session.server.outputs / "engine" / "state.json").read_text("utf-8"))
    os.kill(state["pid"], signal.SIGKILL)
    expect(status(page)).to_contain_text(re.compile("interrupted|queued"), timeout=SOON_MS)
    expect_done(page, 3, 1 + 3)
    assert "NightResumed" in _kinds(session.server, run)


def test_a_run_continues_after_the_server_was_killed(
    own_server: PageServer, new_session: NewSession
) -> None:
    # The server is the first fixture, so that it ends after all pages are closed.
    run = own_server.submit(total_eps=150)
    first = new_session(own_server)
    expect_cycle(first.open(f"?run={run}"), 2, 3)
    first.close()
    own_server.kill()
    own_server.start()
    expect_done(new_session(own_server).open(f"?run={run}"), 3, 1 + 3)
    assert "NightResumed" in _kinds(own_server, run)
