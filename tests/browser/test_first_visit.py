"""A first visit: the recorded example, then a run with the default settings."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewSession
from tests.browser.page_state import (
    CHARTS,
    RUN_MS,
    SOON_MS,
    chart_content,
    expect_done,
    expect_no_more_polls,
    figure,
    run_button,
    status,
    wait_for_more,
)
from tests.browser.screen import expect_in_first_screenful
from tools.page_server import PageServer

_HIGHLIGHTED = """
(count) => {
  const node = document.querySelector(".st-key-hypnogram_figure .figure");
  const widths = node.data.flatMap((trace) => trace.marker.line.width);
  return widths.filter((width) => width > 0).length === count;
}
"""


@pytest.mark.slow  # a run with the default settings and the compared run
def test_the_example_is_shown_and_then_a_run_is_followed_to_its_end(
    own_server: PageServer, new_session: NewSession
) -> None:
    session = new_session(own_server)
    page = session.open()
    _expect_example(page)
    run_button(page).click()
    expect(status(page)).to_contain_text(re.compile("queued|running"), timeout=SOON_MS)
    page.wait_for_url(re.compile(r"/\?run=[\w-]+&with=[\w-]+$"))
    expect(page.locator(".st-key-stop button")).to_be_visible()
    _expect_empty(page)

    content, sent = chart_content(page), session.messages_sent
    for _ in range(3):
        content = wait_for_more(page, content)
        expect(status(page)).to_contain_text(re.compile(r"running\s*cycle \d+ of 10, "))
        assert session.messages_sent > sent
        sent = session.messages_sent
    page.wait_for_function(_HIGHLIGHTED, arg=1, timeout=RUN_MS)
    expect(status(page).get_by_role("progressbar")).to_be_visible()
    expect_in_first_screenful(page)

    expect_done(page, 10, 1 + 2 * 10, 1 + 10)
    page.wait_for_function(_HIGHLIGHTED, arg=0, timeout=SOON_MS)
    expect_no_more_polls(session)
    assert re.search(r"/\?run=[\w-]+&with=[\w-]+$", page.url)


def _expect_example(page: Page) -> None:
    expect(page.locator(".st-key-scorecard")).to_contain_text("Result.")
    expect(status(page)).to_contain_text("example")
    expect(status(page)).not_to_contain_text(re.compile("queued|running|done"))
    for key in ("error_chart", "recall_chart"):
        expect(figure(page, key).locator(".scatterlayer .point")).not_to_have_count(0)
    pictures = page.locator(".st-key-filmstrip img")
    expect(pictures).not_to_have_count(0)
    for picture in pictures.all():
        expect(picture).to_have_attribute("alt", re.compile("memories|Dreams"))
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")


def _expect_empty(page: Page) -> None:
    """Expect that the charts no longer show the example."""
    page.wait_for_function(
        """(keys) => keys.every((key) => {
          const node = document.querySelector(`.st-key-${key}_figure .figure`);
          return (node?.data ?? []).every((trace) => trace.x.length <= 3);
        })""",
        arg=list(CHARTS),
        timeout=SOON_MS,
    )
