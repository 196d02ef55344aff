"""The playhead: it follows the newest cycle, stays at a selected one, or plays the night."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.panels import playhead
from core.queue import entries
from core.runs.folder import RunFolder
from core.schedule.config import RunConfig
from tests.helpers.page_runs import RUN, night, running, write
from tests.helpers.pages import (
    buttons_of,
    figure_of,
    html_of,
    no_engine,
    open_page,
    record_timers,
    refresh_requested,
    results_tick,
    text_of,
)

OLD, NEW = [100, 150, 200, 300], [500, 300, 180, 100]
CONFIG = RunConfig(num_cycles=3, total_eps=6)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(tmp_path / "outputs", monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the clock of the playback; ``seconds`` is its time."""
    clock = SimpleNamespace(seconds=1_000.0)
    clock.monotonic = lambda: clock.seconds
    monkeypatch.setattr(playhead, "time", clock)
    return clock


def write_run(cycle: int) -> RunFolder:
    """Write a run of three cycles of which ``cycle`` have finished."""
    whole = cycle == 3
    events = night(OLD[: cycle + 1], NEW[: cycle + 1], CONFIG, whole=whole, pictures=True)
    return write(events)


def _set_log(folder: RunFolder, whole: bytes, cycle: int) -> None:
    """Cut the run's log to its first cycles."""
    lines = whole.splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines, start=1) if b'"CycleDone"' in line]
    (folder.path / "events.jsonl").write_bytes(b"".join(lines[: ends[cycle - 1]]))


def shown(page: AppTest) -> int:
    """Return the cycle that scorecard, charts, images and slider show alike."""
    cycle = int(page.slider(key="cycle").value)
    line = figure_of(page, "error_chart")["layout"]["shapes"][-1]
    assert line["x0"] == 2 * cycle
    kept = {1: "<b>88 %</b>", 2: "<b>75 %</b>", 3: "<b>50 %</b>"}
    assert kept.get(cycle, "") in html_of(page, "scorecard")
    assert (f"Dreams of cycle {cycle}" in html_of(page, "filmstrip")) is (cycle > 0)
    return cycle


def has(page: AppTest, label: str) -> bool:
    return label in [button.label for button in page.button]


def _press(page: AppTest, label: str, draw: Callable[[AppTest], object] = AppTest.run) -> None:
    (button,) = [button for button in page.button if button.label == label]
    button.click()
    draw(page)
    assert not page.exception


def test_a_done_run_is_shown_at_its_last_cycle() -> None:
    write_run(3)
    page = open_page(RUN)
    assert shown(page) == 3
    assert page.slider(key="cycle").max == 3
    assert "follow" not in buttons_of(page)


@pytest.mark.parametrize("cycle", [0, 1, 2])
def test_the_page_shows_the_selected_cycle(cycle: int) -> None:
    write_run(3)
    page = open_page(RUN)
    page.slider(key="cycle").set_value(cycle).run()
    assert shown(page) == cycle
    if cycle == 0:
        assert "Scores appear after the first cycle." in text_of(page)


def test_a_running_night_is_followed_until_the_slider_is_moved() -> None:
    folder = write_run(3)
    whole = (folder.path / "events.jsonl").read_bytes()
    _set_log(folder, whole, 1)
    with running(folder):
        page = open_page(RUN)
        assert shown(page) == 1
        _set_log(folder, whole, 2)
        page.run()
        assert shown(page) == 2
        assert "follow" not in buttons_of(page)
        page.slider(key="cycle").set_value(0).run()
        assert page.button(key="follow").label == "Follow"
        _set_log(folder, whole, 3)
        page.run()
        assert shown(page) == 0
        page.button(key="follow").click().run()
        assert shown(page) == 3
        assert "follow" not in buttons_of(page)


def _followed(folder: RunFolder) -> AppTest:
    """Return a page that has followed the run from its first cycle to the second."""
    whole = (folder.path / "events.jsonl").read_bytes()
    _set_log(folder, whole, 1)
    page = open_page(RUN)
    _set_log(folder, whole, 2)
    page.run()
    assert shown(page) == 2
    return page


@pytest.mark.parametrize("value", [0, 1])
def test_an_outdated_slider_value_in_a_timers_request_does_not_pause(
    value: int, clock: SimpleNamespace
) -> None:
    folder = write_run(3)
    with running(folder):
        page = _followed(folder)
        clock.seconds += 60
        page.slider(key="cycle").set_value(value)
        with refresh_requested(page):
            page.run()
        assert shown(page) == 2
        assert "follow" not in buttons_of(page)


@pytest.mark.parametrize(("after_s", "cycle"), [(0.5, 2), (5, 1)])
def test_the_previous_slider_value_pauses_only_after_two_seconds(
    after_s: float, cycle: int, clock: SimpleNamespace
) -> None:
    folder = write_run(3)
    with running(folder):
        page = _followed(folder)
        clock.seconds += after_s
        page.slider(key="cycle").set_value(1).run()
        assert shown(page) == cycle


def test_a_followed_run_is_shown_at_its_last_cycle_when_it_is_done() -> None:
    folder = write_run(3)
    whole = (folder.path / "events.jsonl").read_bytes()
    _set_log(folder, whole, 2)
    with running(folder):
        page = open_page(RUN)
        (folder.path / "events.jsonl").write_bytes(whole)
    entries.remove(RUN)
    page.run()
    assert shown(page) == 3


def test_a_later_cycle_shows_the_last_finished_one() -> None:
    folder = write_run(1)
    with running(folder):
        page = open_page(RUN)
        page.slider(key="cycle").set_value(3).run()
        assert not page.exception
        assert "<b>88 %</b>" in html_of(page, "scorecard")


def test_go_to_end_shows_the_last_cycle_of_a_done_run() -> None:
    write_run(3)
    page = open_page(RUN)
    page.slider(key="cycle").set_value(1).run()
    assert page.button(key="follow").label == "Go to end"
    page.button(key="follow").click().run()
    assert shown(page) == 3


def test_a_new_run_is_shown_at_its_newest_cycle() -> None:
    write_run(3)
    page = open_page(RUN, compare="none")
    page.slider(key="cycle").set_value(1).run()
    page.button(key="run").click().run()
    assert not page.exception
    assert page.slider(key="cycle").value == 0
    assert "follow" not in buttons_of(page)


def test_play_shows_every_cycle_and_then_follows(clock: SimpleNamespace) -> None:
    write_run(3)
    page = open_page(RUN)
    _press(page, "Play")
    cycles = [shown(page)]
    while has(page, "Pause"):
        clock.seconds += 1.01 * playhead.STEP_S
        page.run()
        cycles.append(shown(page))
        assert len(cycles) < 10
    assert cycles == [0, 1, 2, 3, 3]
    assert "follow" not in buttons_of(page)


def test_pause_stays_at_the_shown_cycle(clock: SimpleNamespace) -> None:
    write_run(3)
    page = open_page(RUN)
    _press(page, "Play")
    clock.seconds += 1.5 * playhead.STEP_S
    page.run()
    assert shown(page) == 1
    _press(page, "Pause")
    assert has(page, "Play")
    clock.seconds += 10 * playhead.STEP_S
    page.run()
    assert shown(page) == 1
    assert "follow" in buttons_of(page)


def test_moving_the_slider_ends_playback(clock: SimpleNamespace) -> None:
    write_run(3)
    page = open_page(RUN)
    _press(page, "Play")
    page.slider(key="cycle").set_value(2).run()
    clock.seconds += 10 * playhead.STEP_S
    page.run()
    assert shown(page) == 2
    assert has(page, "Play")


@pytest.mark.parametrize("how", ["pause", "slider", "end"])
def test_the_timer_stops_when_playback_ends(
    how: str, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(3)
    timers = record_timers(monkeypatch)
    page = open_page(RUN)
    _press(page, "Play", results_tick)
    assert timers.results[-1] is not None
    clock.seconds += 1.5 * playhead.STEP_S
    results_tick(page)
    assert page.slider(key="cycle").value == 1
    if how == "pause":
        _press(page, "Pause", results_tick)
    elif how == "slider":
        page.slider(key="cycle").set_value(2)
        results_tick(page)
    else:
        clock.seconds += 10 * playhead.STEP_S
        results_tick(page)
    assert timers.results[-1] is None
    assert has(page, "Play")
    assert shown(page) == {"pause": 1, "slider": 2, "end": 3}[how]


def test_play_is_disabled_before_the_first_cycle_has_finished() -> None:
    with running(write_run(0)):
        page = open_page(RUN)
    assert page.button(key="play").disabled


def test_a_running_night_can_be_played(clock: SimpleNamespace) -> None:
    with running(write_run(2)):
        page = open_page(RUN)
        _press(page, "Play")
        assert shown(page) == 0
        clock.seconds += 2.01 * playhead.STEP_S
        page.run()
        assert shown(page) == 2
        clock.seconds += 1.01 * playhead.STEP_S
        page.run()
        assert shown(page) == 2
        assert has(page, "Play")
