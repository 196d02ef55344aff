"""Where things are on the screen."""

from playwright.sync_api import FloatRect, Page

from tests.browser.page_state import figure

_WHOLE = ("hypnogram", "run_status", "scorecard")
_LEAST = 24  # pixels of a chart that are to be seen


def box(page: Page, selector: str) -> FloatRect:
    """Where the one thing that ``selector`` finds lies, in pixels from the page's top left."""
    found = page.locator(selector).bounding_box()
    assert found is not None, selector
    return found


def overflow(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def expect_in_first_screenful(page: Page) -> None:
    """Without scrolling, the night, its status and scores are seen, and where the charts begin."""
    assert page.viewport_size is not None
    height = page.viewport_size["height"]
    button = page.locator(".st-key-run button, .st-key-stop button").bounding_box()
    assert button is not None
    boxes = [button, *(box(page, f".st-key-{key}") for key in _WHOLE)]
    assert [each["y"] >= 0 for each in boxes] == [True] * len(boxes)
    assert max(each["y"] + each["height"] for each in boxes) <= height
    for key in ("error_chart", "recall_chart"):
        chart = figure(page, key).bounding_box()
        assert chart is not None
        assert chart["y"] <= height - _LEAST
