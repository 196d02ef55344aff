"""The cycle that the page shows: the newest, the one held, or one after the other."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.panels import playhead
from core.queue import entries
from core.runs.folder import RunFolder
from core.schedule.config import RunConfig
from tests.helpers.page_runs import (
    RUN,
    asked_again,
    asleep,
    buttons_of,
    figure_of,
    html_of,
    night,
    no_engine,
    open_page,
    play_tick,
    text_of,
    timers_of,
    write,
)

OLD, NEW = [100, 150, 200, 300], [500, 300, 180, 100]
CONFIG = RunConfig(num_cycles=3, total_eps=6)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(tmp_path / "outputs", monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time by which a night is played, in seconds."""
    now = SimpleNamespace(seconds=1_000.0)
    now.monotonic = lambda: now.seconds
    monkeypatch.setattr(playhead, "time", now)
    return now


def until(cycle: int) -> RunFolder:
    """A run of three cycles of which so many are over."""
    whole = cycle == 3
    events = night(OLD[: cycle + 1], NEW[: cycle + 1], CONFIG, whole=whole, pictures=True)
    return write(events)


def go_on(folder: RunFolder, whole: bytes, cycle: int) -> None:
    """Let the run's log be what it was when so many of its cycles were over."""
    lines = whole.splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines, start=1) if b'"CycleDone"' in line]
    (folder.path / "events.jsonl").write_bytes(b"".join(lines[: ends[cycle - 1]]))


def shown(page: AppTest) -> int:
    """The cycle that the scorecard, the charts, the pictures and the slider agree on."""
    cycle = int(page.slider(key="cycle").value)
    line = figure_of(page, "error_chart")["layout"]["shapes"][-1]
    assert line["x0"] == 2 * cycle
    kept = {1: "<b>88 %</b>", 2: "<b>75 %</b>", 3: "<b>50 %</b>"}
    assert kept.get(cycle, "") in html_of(page, "scorecard")
    assert (f"Dreams of cycle {cycle}" in html_of(page, "filmstrip")) is (cycle > 0)
    return cycle


def has(page: AppTest, label: str) -> bool:
    return label in [button.label for button in page.button]


def press(page: AppTest, label: str, draw: Callable[[AppTest], object] = AppTest.run) -> None:
    (button,) = [button for button in page.button if button.label == label]
    button.click()
    draw(page)
    assert not page.exception


def test_a_done_night_is_shown_at_its_end() -> None:
    until(3)
    page = open_page(RUN)
    assert shown(page) == 3
    assert page.slider(key="cycle").max == 3
    assert "follow" not in buttons_of(page)


@pytest.mark.parametrize("cycle", [0, 1, 2])
def test_the_page_goes_to_the_cycle_that_is_chosen(cycle: int) -> None:
    until(3)
    page = open_page(RUN)
    page.slider(key="cycle").set_value(cycle).run()
    assert shown(page) == cycle
    if cycle == 0:
        assert "The scores come after the first cycle." in text_of(page)


def test_a_night_that_goes_on_is_followed_until_the_slider_is_touched() -> None:
    folder = until(3)
    whole = (folder.path / "events.jsonl").read_bytes()
    go_on(folder, whole, 1)
    with asleep(folder):
        page = open_page(RUN)
        assert shown(page) == 1
        go_on(folder, whole, 2)
        page.run()
        assert shown(page) == 2
        assert "follow" not in buttons_of(page)
        page.slider(key="cycle").set_value(0).run()
        assert page.button(key="follow").label == "Follow"
        go_on(folder, whole, 3)
        page.run()
        assert shown(page) == 0
        page.button(key="follow").click().run()
        assert shown(page) == 3
        assert "follow" not in buttons_of(page)


def _followed(folder: RunFolder) -> AppTest:
    """A page that went from the first cycle to the second as the night did."""
    whole = (folder.path / "events.jsonl").read_bytes()
    go_on(folder, whole, 1)
    page = open_page(RUN)
    go_on(folder, whole, 2)
    page.run()
    assert shown(page) == 2
    return page


@pytest.mark.parametrize("value", [0, 1])
def test_a_browser_that_has_not_moved_the_slider_yet_is_not_taken_for_a_hand(
    value: int, clock: SimpleNamespace
) -> None:
    folder = until(3)
    with asleep(folder):
        page = _followed(folder)
        clock.seconds += 60
        page.slider(key="cycle").set_value(value)
        with asked_again(page):
            page.run()
        assert shown(page) == 2
        assert "follow" not in buttons_of(page)


@pytest.mark.parametrize(("after_s", "cycle"), [(0.5, 2), (5, 1)])
def test_a_hand_on_another_widget_may_tell_of_the_cycle_before_for_a_moment(
    after_s: float, cycle: int, clock: SimpleNamespace
) -> None:
    folder = until(3)
    with asleep(folder):
        page = _followed(folder)
        clock.seconds += after_s
        page.slider(key="cycle").set_value(1).run()
        assert shown(page) == cycle


def test_the_end_is_shown_when_the_night_that_was_followed_is_over() -> None:
    folder = until(3)
    whole = (folder.path / "events.jsonl").read_bytes()
    go_on(folder, whole, 2)
    with asleep(folder):
        page = open_page(RUN)
        (folder.path / "events.jsonl").write_bytes(whole)
    entries.remove(RUN)
    page.run()
    assert shown(page) == 3


def test_a_cycle_that_is_not_over_yet_shows_the_last_one_that_is() -> None:
    folder = until(1)
    with asleep(folder):
        page = open_page(RUN)
        page.slider(key="cycle").set_value(3).run()
        assert not page.exception
        assert "<b>88 %</b>" in html_of(page, "scorecard")


def test_at_the_end_one_goes_back_to_the_end() -> None:
    until(3)
    page = open_page(RUN)
    page.slider(key="cycle").set_value(1).run()
    assert page.button(key="follow").label == "To the end"
    page.button(key="follow").click().run()
    assert shown(page) == 3


def test_another_run_is_shown_at_its_own_newest_cycle() -> None:
    until(3)
    page = open_page(RUN, compare="none")
    page.slider(key="cycle").set_value(1).run()
    page.button(key="run").click().run()
    assert not page.exception
    assert page.slider(key="cycle").value == 0
    assert "follow" not in buttons_of(page)


def test_play_shows_one_cycle_after_the_other_and_then_the_end(clock: SimpleNamespace) -> None:
    until(3)
    page = open_page(RUN)
    press(page, "Play")
    seen = [shown(page)]
    while has(page, "Pause"):
        clock.seconds += 1.01 * playhead.STEP_S
        page.run()
        seen.append(shown(page))
        assert len(seen) < 10
    assert seen == [0, 1, 2, 3, 3]
    assert "follow" not in buttons_of(page)


def test_pause_stays_where_it_is(clock: SimpleNamespace) -> None:
    until(3)
    page = open_page(RUN)
    press(page, "Play")
    clock.seconds += 1.5 * playhead.STEP_S
    page.run()
    assert shown(page) == 1
    press(page, "Pause")
    assert has(page, "Play")
    clock.seconds += 10 * playhead.STEP_S
    page.run()
    assert shown(page) == 1
    assert "follow" in buttons_of(page)


def test_to_touch_the_slider_ends_the_play(clock: SimpleNamespace) -> None:
    until(3)
    page = open_page(RUN)
    press(page, "Play")
    page.slider(key="cycle").set_value(2).run()
    clock.seconds += 10 * playhead.STEP_S
    page.run()
    assert shown(page) == 2
    assert has(page, "Play")


@pytest.mark.parametrize("how", ["pause", "slider", "end"])
def test_the_timer_of_the_play_goes_with_it(
    how: str, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(3)
    timers = timers_of(monkeypatch)
    page = open_page(RUN)
    press(page, "Play", play_tick)
    assert timers.beat[-1] is not None
    clock.seconds += 1.5 * playhead.STEP_S
    play_tick(page)
    assert page.slider(key="cycle").value == 1
    if how == "pause":
        press(page, "Pause", play_tick)
    elif how == "slider":
        page.slider(key="cycle").set_value(2)
        play_tick(page)
    else:
        clock.seconds += 10 * playhead.STEP_S
        play_tick(page)
    assert timers.beat[-1] is None
    assert has(page, "Play")
    assert shown(page) == {"pause": 1, "slider": 2, "end": 3}[how]


def test_there_is_nothing_to_play_before_the_first_cycle_is_over() -> None:
    with asleep(until(0)):
        page = open_page(RUN)
    assert page.button(key="play").disabled


def test_a_night_that_goes_on_can_be_played_too(clock: SimpleNamespace) -> None:
    with asleep(until(2)):
        page = open_page(RUN)
        press(page, "Play")
        assert shown(page) == 0
        clock.seconds += 2.01 * playhead.STEP_S
        page.run()
        assert shown(page) == 2
        clock.seconds += 1.01 * playhead.STEP_S
        page.run()
        assert shown(page) == 2
        assert has(page, "Play")
