"""What a page shows, read from the page: its charts' points, its pictures, its status."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit

NIGHT_MS = 300_000  # seconds on a free machine, minutes on a busy one
SOON_MS = 60_000  # moments on a free machine
_POLLS_MS = 2_500  # as long as three polls take
CHARTS = ("error_chart", "recall_chart", "loss_chart", "dream_chart")

_SEEN = """
() => {
  const counts = (key) => {
    const node = document.querySelector(`.st-key-${key}_figure .figure`);
    return (node?.data ?? []).reduce((sum, trace) => sum + trace.x.length, 0);
  };
  const images = document.querySelectorAll(".st-key-filmstrip img");
  return {
    points: Object.fromEntries(CHARTS.map((key) => [key, counts(key)])),
    pictures: [...images].map((image) => image.src).join(),
  };
}
""".replace("CHARTS", str(list(CHARTS)))


def status(page: Page) -> Locator:
    return page.locator(".st-key-run_status")


def run_button(page: Page) -> Locator:
    return page.locator(".st-key-run button")


def figure(page: Page, key: str) -> Locator:
    """The node in which Plotly has drawn that chart."""
    return page.locator(f".st-key-{key}_figure .figure")


def seen(page: Page) -> dict[str, Any]:
    """The number of points of each chart, and all pictures of the filmstrip."""
    return dict(page.evaluate(_SEEN))


def wait_for_more(page: Page, before: dict[str, Any]) -> dict[str, Any]:
    """Wait until every chart has more points than ``before``, and other pictures are shown."""
    page.wait_for_function(
        f"""(before) => {{
          const now = ({_SEEN})();
          const more = Object.keys(now.points).every((key) => now.points[key] > before.points[key]);
          return more && now.pictures && now.pictures !== before.pictures;
        }}""",
        arg=before,
        timeout=NIGHT_MS,
    )
    return seen(page)


def expect_points(page: Page, own: int, other: int | None = None) -> None:
    """The error chart has so many points in each of the two lines of the nights."""
    counts = [own, own] if other is None else [own, own, other, other]
    figure(page, "error_chart").wait_for()
    page.wait_for_function(
        """(counts) => {
          const node = document.querySelector(".st-key-error_chart_figure .figure");
          const lines = (node?.data ?? []).filter((trace) => trace.name);
          return String(lines.map((trace) => trace.x.length)) === String(counts)
            && node.querySelectorAll(".point").length === counts.reduce((sum, n) => sum + n, 0);
        }""",
        arg=counts,
        timeout=SOON_MS,
    )


def expect_done(page: Page, cycles: int, own: int, other: int | None = None) -> None:
    """The nights come to their end, and the page shows all of them and a button for the next."""
    expect(status(page)).to_contain_text("done", timeout=NIGHT_MS)
    expect(status(page)).to_contain_text(f"cycle {cycles} of {cycles}")
    expect(page.locator(".st-key-scorecard")).to_contain_text("What happened", timeout=SOON_MS)
    expect_points(page, own, other)
    expect(run_button(page)).to_be_enabled()
    for key in ("stop", "resume"):
        expect(page.locator(f".st-key-{key}")).to_have_count(0)


def expect_cycle(page: Page, cycle: int, cycles: int) -> None:
    """The night that goes on reaches ``cycle``."""
    expect(status(page)).to_contain_text(
        re.compile(rf"running\s*cycle {cycle} of {cycles}\b"), timeout=NIGHT_MS
    )


def slider(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key}").get_by_role("slider")


def expect_slider(page: Page, key: str, text: str) -> None:
    expect(slider(page, key)).to_have_attribute("aria-valuetext", text, timeout=SOON_MS)


def expect_no_more_polls(visit: Visit) -> None:
    """A time comes in which nothing is asked of the server; only waiting can show that."""
    for _ in range(4):  # what the last message brought about may still be under way
        sent = visit.sent
        visit.page.wait_for_timeout(_POLLS_MS)
        if visit.sent == sent:
            return
    pytest.fail("the page still polls though nothing goes on")
