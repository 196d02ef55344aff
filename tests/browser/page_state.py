"""What a page shows: the points of its charts, its images, its status."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Session

RUN_MS = 300_000  # a run takes seconds on an idle machine, minutes on a busy one
SOON_MS = 60_000  # less than a second on an idle machine
_THREE_POLLS_MS = 2_500
CHARTS = ("error_chart", "recall_chart", "loss_chart", "dream_chart")

_CONTENT = """
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
    """Return the status line."""
    return page.locator(".st-key-run_status")


def run_button(page: Page) -> Locator:
    """Return the Run button."""
    return page.locator(".st-key-run button")


def figure(page: Page, key: str) -> Locator:
    """Return the node in which Plotly draws the chart with this key."""
    return page.locator(f".st-key-{key}_figure .figure")


def chart_content(page: Page) -> dict[str, Any]:
    """Return the number of points of each chart, and all images of the filmstrip."""
    return dict(page.evaluate(_CONTENT))


def wait_for_more(page: Page, earlier: dict[str, Any]) -> dict[str, Any]:
    """Wait until every chart has more points than ``earlier`` and the images are others."""
    page.wait_for_function(
        f"""(earlier) => {{
          const now = ({_CONTENT})();
          const more = Object.keys(now.points).every(
            (key) => now.points[key] > earlier.points[key],
          );
          return more && now.pictures && now.pictures !== earlier.pictures;
        }}""",
        arg=earlier,
        timeout=RUN_MS,
    )
    return chart_content(page)


def expect_points(page: Page, main: int, compared: int | None = None) -> None:
    """Expect the number of points per line of the error chart.

    Parameters
    ----------
    page : Page
        The page.
    main : int
        Points in each line of the main run.
    compared : int, optional
        Points in each line of the compared run; None for a single run.
    """
    counts = [main, main] if compared is None else [main, main, compared, compared]
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


def expect_done(page: Page, cycles: int, main: int, compared: int | None = None) -> None:
    """Expect that the runs are done, are shown completely, and that Run is enabled.

    Parameters
    ----------
    page : Page
        The page.
    cycles : int
        Number of cycles of the main run.
    main, compared : int
        Points as for `expect_points`.
    """
    expect(status(page)).to_contain_text("done", timeout=RUN_MS)
    expect(status(page)).to_contain_text(f"cycle {cycles} of {cycles}")
    expect(page.locator(".st-key-scorecard")).to_contain_text("Result.", timeout=SOON_MS)
    expect_points(page, main, compared)
    expect(run_button(page)).to_be_enabled()
    for key in ("stop", "resume"):
        expect(page.locator(f".st-key-{key}")).to_have_count(0)


def expect_cycle(page: Page, cycle: int, cycles: int) -> None:
    """Expect that the running night reaches a cycle.

    Parameters
    ----------
    page : Page
        The page.
    cycle : int
        The cycle.
    cycles : int
        Number of cycles of the night.
    """
    expect(status(page)).to_contain_text(
        re.compile(rf"running\s*cycle {cycle} of {cycles}\b"), timeout=RUN_MS
    )


def slider(page: Page, key: str) -> Locator:
    """Return the handle of a slider."""
    return page.locator(f".st-key-{key}").get_by_role("slider")


def expect_slider(page: Page, key: str, text: str) -> None:
    """Expect the value of a slider.

    Parameters
    ----------
    page : Page
        The page.
    key : str
        Key of the slider or of a container with a single slider.
    text : str
        Its value as shown, for example "50 %".
    """
    expect(slider(page, key)).to_have_attribute("aria-valuetext", text, timeout=SOON_MS)


def expect_no_more_polls(session: Session) -> None:
    """Expect that the page sends nothing to the server for the time of three polls."""
    for _ in range(4):  # the effects of the last message may not be over yet
        sent = session.messages_sent
        session.page.wait_for_timeout(_THREE_POLLS_MS)
        if session.messages_sent == sent:
            return
    pytest.fail("the page still polls although no run is active")
