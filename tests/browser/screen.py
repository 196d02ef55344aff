"""The positions of parts of the page on the screen."""

from playwright.sync_api import FloatRect, Page

from tests.browser.page_state import figure

_FULLY_VISIBLE = ("hypnogram", "run_status", "scorecard")
_MIN_VISIBLE = 24  # pixels of each chart


def box(page: Page, selector: str) -> FloatRect:
    """Return the position and size of the element that ``selector`` finds, in pixels."""
    found = page.locator(selector).bounding_box()
    assert found is not None, selector
    return found


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def expect_in_first_screenful(page: Page) -> None:
    """Expect that hypnogram, status, scores and the top of the charts need no scrolling."""
    assert page.viewport_size is not None
    height = page.viewport_size["height"]
    button = page.locator(".st-key-run button, .st-key-stop button").bounding_box()
    assert button is not None
    boxes = [button, *(box(page, f".st-key-{key}") for key in _FULLY_VISIBLE)]
    assert [part["y"] >= 0 for part in boxes] == [True] * len(boxes)
    assert max(part["y"] + part["height"] for part in boxes) <= height
    for key in ("error_chart", "recall_chart"):
        chart = figure(page, key).bounding_box()
        assert chart is not None
        assert chart["y"] <= height - _MIN_VISIBLE
