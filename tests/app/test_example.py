"""The first visit: the recorded example that ships with the program, and a page without it."""

import shutil
from pathlib import Path

import pytest

from app import text
from app.shown_runs import EXAMPLE
from core.queue import entries
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.support import environment
from tests.helpers.page_runs import (
    OTHER,
    RUN,
    Timers,
    address_of,
    buttons_of,
    figure_of,
    html_of,
    night,
    no_engine,
    open_page,
    statuses_of,
    text_of,
    timers_of,
    trace,
    wanted,
    write,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_engine(tmp_path / "outputs", monkeypatch)
    return timers_of(monkeypatch)


def test_the_first_visit_shows_the_recorded_pair(timers: Timers) -> None:
    page = open_page()
    names = [each["name"] for each in figure_of(page, "error_chart")["data"] if "name" in each]
    assert names == ["old", "new", "old, no REM", "new, no REM"]
    assert len(figure_of(page, "error_chart")["data"]) == 2 * 2 * (1 + 1 + 3)  # three seeds each
    stages = sum(len(cycle.stages) for cycle in hypnogram(RunConfig()))
    assert len(trace(figure_of(page, "error_chart"), "old")["x"]) == 1 + stages
    assert html_of(page, "filmstrip").count("<img ") >= 3 * 2 + 2 + 1
    assert figure_of(page, "dream_chart")["data"][0]["x"] == list(range(1, 11))
    assert page.slider(key="cycle").value == 10
    assert timers.poll == [None]


def test_it_is_no_run_and_has_no_status() -> None:
    page = open_page()
    assert statuses_of(page) == []
    assert text.RECORDED in text_of(page.get_by_key("run_status"))
    assert buttons_of(page) == {"run", "play"}
    assert address_of(page) == {}
    assert not page.warning


def test_it_shows_what_rem_is_for() -> None:
    page = open_page()
    (happened,) = [line for line in text_of(page).splitlines() if "What happened." in line]
    assert "saved old memories" in happened
    assert "Without REM the network kept 0 % of the old" in happened


def test_the_controls_stand_at_the_night_that_is_shown() -> None:
    page = open_page()
    for key, value in (("num_cycles", 10), ("rem_start", 50), ("rem_end", 50)):
        assert page.slider(key=key).value == value


def test_run_starts_a_night_of_ones_own_in_its_place() -> None:
    page = open_page()
    page.button(key="run").click().run()
    assert wanted()[0] == RunConfig()
    assert statuses_of(page) == ["queued"]
    assert text.RECORDED not in text_of(page)
    assert set(address_of(page)) == {"run", "with"}


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_example_has_an_address_too(name: str) -> None:
    page = open_page(name)
    assert statuses_of(page) == []
    assert not page.warning
    assert address_of(page) == {"run": name}


def test_ones_own_night_can_be_compared_with_it_and_stopped() -> None:
    page = open_page(compare="last")
    page.button(key="run").click().run()
    assert address_of(page)["with"] == "example"
    page.button(key="stop").click().run()
    assert not page.error
    assert entries.read_all() == []
    assert statuses_of(page) == ["stopped"]


def test_the_example_is_the_schedule_that_the_page_begins_with() -> None:
    folders = [environment.gallery_dir() / name for name in EXAMPLE]
    assert all((folder / "events.jsonl").exists() for folder in folders)


def test_an_empty_gallery_leaves_a_page_to_run_a_night_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "none"))
    page = open_page()
    assert buttons_of(page) == {"run"}
    assert statuses_of(page) == []
    assert text.NO_RUN in text_of(page.get_by_key("run_status"))
    assert trace(figure_of(page, "hypnogram"), "NREM")["x"]
    assert "set both REM" in text_of(page) or "REM sliders to 0" in text_of(page)
    for key in ("num_cycles", "rem_start", "rem_end", "split", "preset", "run", "hypnogram"):
        assert page.get_by_key(key) is not None
    page.button(key="run").click().run()
    assert statuses_of(page) == ["queued"]


def test_half_a_gallery_is_one_night_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = tmp_path / "gallery"
    shutil.copytree(environment.gallery_dir() / EXAMPLE[0], gallery / EXAMPLE[0])
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(gallery))
    page = open_page()
    names = [each["name"] for each in figure_of(page, "error_chart")["data"] if "name" in each]
    assert names == ["old", "new"]


def test_a_run_at_the_address_goes_before_the_example() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    write(night([60, 70, 80], [600, 300, 200]), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER})
    assert statuses_of(page) == ["done"]
    assert address_of(page) == {"run": RUN, "with": OTHER}


def test_a_run_that_there_is_not_leaves_the_example_and_says_so() -> None:
    page = open_page(RUN)
    assert len(page.warning) == 1
    assert text.NO_SUCH_RUN in text_of(page)
    assert text.RECORDED in text_of(page)
