"""The recorded example that the page shows first, and a page without it."""

import shutil
from pathlib import Path

import pytest

from app import text
from app.shown_runs import EXAMPLE
from core.queue import entries
from core.schedule.config import RunConfig
from core.schedule.hypnogram import hypnogram
from core.support import environment
from tests.helpers.page_runs import OTHER, RUN, night, submitted_configs, write
from tests.helpers.pages import (
    Timers,
    address_of,
    buttons_of,
    figure_of,
    html_of,
    names_of,
    no_engine,
    open_page,
    record_timers,
    statuses_of,
    text_of,
    trace,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_engine(tmp_path / "outputs", monkeypatch)
    return record_timers(monkeypatch)


def test_the_page_shows_the_recorded_pair_of_runs_first(timers: Timers) -> None:
    page = open_page()
    names = names_of(figure_of(page, "error_chart"))
    assert names == ["old", "new", "old, no REM", "new, no REM"]
    assert len(figure_of(page, "error_chart")["data"]) == 2 * 2 * (1 + 1 + 3)  # three seeds per run
    stages = sum(len(cycle.stages) for cycle in hypnogram(RunConfig()))
    assert len(trace(figure_of(page, "error_chart"), "old")["x"]) == 1 + stages
    assert html_of(page, "filmstrip").count("<img ") >= 3 * 2 + 2 + 1
    assert figure_of(page, "dream_chart")["data"][0]["x"] == list(range(1, 11))
    assert page.slider(key="cycle").value == 10
    assert timers.status == [None]


def test_the_example_has_no_status_and_no_address() -> None:
    page = open_page()
    assert statuses_of(page) == []
    assert text.RECORDED in text_of(page.get_by_key("run_status"))
    assert buttons_of(page) == {"run", "play"}
    assert address_of(page) == {}
    assert not page.warning


def test_the_example_shows_the_effect_of_rem() -> None:
    page = open_page()
    (result,) = [line for line in text_of(page).splitlines() if "Result." in line]
    assert "this run kept more of the old" in result
    assert "Without REM the network kept 0 % of the old" in result


def test_the_controls_have_the_values_of_the_example() -> None:
    page = open_page()
    for key, value in (("num_cycles", 10), ("rem_start", 50), ("rem_end", 50)):
        assert page.slider(key=key).value == value


def test_run_replaces_the_example_by_a_new_run() -> None:
    page = open_page()
    page.button(key="run").click().run()
    assert submitted_configs()[0] == RunConfig()
    assert statuses_of(page) == ["queued"]
    assert text.RECORDED not in text_of(page)
    assert set(address_of(page)) == {"run", "with"}


@pytest.mark.parametrize("name", EXAMPLE)
def test_a_recorded_run_has_an_address(name: str) -> None:
    page = open_page(name)
    assert statuses_of(page) == []
    assert not page.warning
    assert address_of(page) == {"run": name}


def test_a_run_can_be_compared_with_the_example_and_stopped() -> None:
    page = open_page(compare="last")
    page.button(key="run").click().run()
    assert address_of(page)["with"] == "example"
    page.button(key="stop").click().run()
    assert not page.error
    assert entries.read_all() == []
    assert statuses_of(page) == ["stopped"]


def test_the_example_ships_with_the_program() -> None:
    folders = [environment.gallery_dir() / name for name in EXAMPLE]
    assert all((folder / "events.jsonl").exists() for folder in folders)


def test_a_page_without_the_example_can_start_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "none"))
    page = open_page()
    assert buttons_of(page) == {"run"}
    assert statuses_of(page) == []
    assert text.NO_RUN in text_of(page.get_by_key("run_status"))
    assert trace(figure_of(page, "hypnogram"), "NREM")["x"]
    assert "set both REM sliders to 0" in text_of(page)
    for key in ("num_cycles", "rem_start", "rem_end", "split", "preset", "run", "hypnogram"):
        assert page.get_by_key(key) is not None
    page.button(key="run").click().run()
    assert statuses_of(page) == ["queued"]


def test_a_single_recorded_run_is_shown_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = tmp_path / "gallery"
    shutil.copytree(environment.gallery_dir() / EXAMPLE[0], gallery / EXAMPLE[0])
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(gallery))
    page = open_page()
    assert names_of(figure_of(page, "error_chart")) == ["old", "new"]


def test_a_run_in_the_address_replaces_the_example() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    write(night([60, 70, 80], [600, 300, 200]), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER})
    assert statuses_of(page) == ["done"]
    assert address_of(page) == {"run": RUN, "with": OTHER}


def test_a_missing_run_shows_the_example_and_a_note() -> None:
    page = open_page(RUN)
    assert len(page.warning) == 1
    assert text.NO_SUCH_RUN in text_of(page)
    assert text.RECORDED in text_of(page)
