"""Run on the page: one's own night, the one beside it, and what may go wrong with either."""

from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from app import actions, text
from app.conditions import compared_config
from core import jobs
from core.queue import entries
from core.runs.folder import all_runs, find_run
from core.runs.log import RunLog
from core.schedule.config import RunConfig
from core.support.errors import QueueError
from tests.helpers.page_runs import (
    OTHER,
    OWNER,
    RUN,
    address_of,
    buttons_of,
    comes,
    engine,
    figure_of,
    night,
    no_example,
    open_page,
    statuses_of,
    text_of,
    trace,
    wanted,
    write,
)

CONFIG = RunConfig(num_cycles=5, start_fraction_rem=0.05, end_fraction_rem=0.4)
ADDRESS = {"preset": "young-adult"}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


# --- what is asked for ---


def test_run_asks_for_the_very_night_and_then_for_the_one_beside_it() -> None:
    page = open_page(**ADDRESS)
    page.button(key="run").click().run()
    assert not page.exception
    assert wanted() == [CONFIG, compared_config("no-rem", CONFIG)]
    mine, other = entries.read_all()
    assert address_of(page) == {"run": mine.run, "with": other.run}
    assert statuses_of(page) == ["queued"]
    assert buttons_of(page) == {"stop"}


def test_what_a_night_shows_at_once_is_in_its_first_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def begins(*arguments: Any, **more: Any) -> str:
        run = submit(*arguments, **more)
        Timer(0.1, lambda: _begin(run)).start()
        return run

    submit = jobs.submit
    monkeypatch.setattr(jobs, "submit", begins)
    monkeypatch.setattr(actions, "_BEGINNING_S", 3600.0)
    with engine(ready=True):
        page = open_page(compare="none")
        page.button(key="run").click().run()
        assert trace(figure_of(page, "error_chart"), "old")["x"] == [0]


def _begin(run: str) -> None:
    with RunLog(find_run(run).path) as log:
        for event in night([100], [500], RunConfig(), whole=False):
            log.append(event)


def test_a_night_that_does_not_begin_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "_BEGINNING_S", 0.01)
    with engine(ready=True):
        page = open_page()
        page.button(key="run").click().run()
        assert statuses_of(page) == ["queued"]


def test_both_are_asked_for_in_the_visitors_name() -> None:
    page = open_page()
    page.button(key="run").click().run()
    assert {entry.person for entry in entries.read_all()} == {OWNER}
    assert {folder.record().person for folder in all_runs()} == {OWNER}


def test_each_session_of_a_browser_without_cookies_is_a_person_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comes(monkeypatch, None)
    for _ in range(2):
        page = open_page(compare="none")
        page.button(key="run").click().run()
    first, second = (entry.person for entry in entries.read_all())
    assert first != second


@pytest.mark.parametrize("name", ["no-rem", "all-rem", "published"])
def test_the_night_beside_is_the_one_chosen(name: str) -> None:
    page = open_page(**ADDRESS)
    page.selectbox(key="compare").set_value(name).run()
    page.button(key="run").click().run()
    assert wanted() == [CONFIG, compared_config(name, CONFIG)]
    # What it is compared with next stays as it was chosen, here and in the address.
    assert page.selectbox(key="compare").value == name
    assert address_of(page).get("compare", "no-rem") == name


def test_nothing_is_slept_beside_where_nothing_is_to_be() -> None:
    page = open_page(compare="none", **ADDRESS)
    page.button(key="run").click().run()
    assert wanted() == [CONFIG]
    assert set(address_of(page)) == {"run", "compare"}
    assert not page.warning


def test_the_same_night_is_not_slept_twice_and_that_is_told() -> None:
    page = open_page(preset="rem-deprived")
    page.button(key="run").click().run()
    assert len(wanted()) == 1
    assert set(address_of(page)) == {"run"}
    assert len(page.warning) == 1
    assert text.SAME_NIGHT in text_of(page)


def test_the_last_run_is_shown_beside_and_nothing_is_slept_for_it() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = open_page(RUN, **{"with": OTHER, "compare": "last", "num_cycles": "3"})
    page.button(key="run").click().run()
    assert wanted() == [RunConfig(num_cycles=3, total_eps=4)]
    assert address_of(page) == {"run": entries.read_all()[0].run, "with": RUN, "compare": "last"}


def test_without_a_last_run_there_is_none_beside() -> None:
    page = open_page(compare="last")
    page.button(key="run").click().run()
    assert not page.exception
    assert len(wanted()) == 1
    assert set(address_of(page)) == {"run", "compare"}


def test_a_new_pair_takes_the_place_of_the_old_one() -> None:
    page = open_page()
    page.button(key="run").click().run()
    before = address_of(page)
    page.button(key="stop").click().run()
    page.slider(key="num_cycles").set_value(4).run()
    page.button(key="run").click().run()
    after = address_of(page)
    assert set(after) == {"run", "with"}
    assert not set(before.values()) & set(after.values())


# --- what may go wrong ---


def test_a_full_queue_is_told_in_one_sentence_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "1")
    entries.add(RUN, "somebody else")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "The night could not be started: 1 runs are waiting or running, and 1 is the limit" in (
        text_of(page)
    )
    assert address_of(page) == {}
    assert buttons_of(page) == {"run"}
    assert all_runs() == []


def test_ones_own_night_goes_on_where_there_is_no_room_for_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "1")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert wanted() == [RunConfig()]
    assert set(address_of(page)) == {"run"}
    assert statuses_of(page) == ["queued"]
    assert len(page.warning) == 1
    assert "The night beside it could not be started: you have 1 runs waiting" in text_of(page)
    page.run()
    assert len(page.warning) == 1  # it stays until the next night


def failing(monkeypatch: pytest.MonkeyPatch, number: int, error: Exception) -> None:
    """Let only the call of `jobs.submit` with this number fail."""
    submit, asked = jobs.submit, []

    def sometimes(config: RunConfig, **how: Any) -> str:
        asked.append(config)
        if len(asked) == number:
            raise error
        return submit(config, **how)

    monkeypatch.setattr(jobs, "submit", sometimes)


FULL = OSError(28, "No space left on device", "/outputs/runs")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FULL, "No space left on device (/outputs/runs). Make room or give access in "),
        (QueueError("the queue is busy; try again in a moment."), "the queue is busy; try again"),
    ],
)
def test_the_first_that_fails_starts_nothing_and_the_second_only_itself(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, 1, error)
        page = open_page()
        page.button(key="run").click().run()
        assert f"The night could not be started: {sentence}" in text_of(page)
        assert (len(page.error), len(page.warning)) == (1, 0)
        assert wanted() == []
        assert address_of(page) == {}
        assert buttons_of(page) == {"run"}
    with monkeypatch.context() as patch:
        failing(patch, 2, error)
        page.button(key="run").click().run()
        assert f"The night beside it could not be started: {sentence}" in text_of(page)
        assert (len(page.error), len(page.warning)) == (0, 1)
        assert wanted() == [RunConfig()]
        assert address_of(page) == {"run": entries.read_all()[0].run}


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(outputs: Path) -> None:
    outputs.write_text("a file where the folder should be")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "could not be started" in text_of(page)
    assert str(outputs) in text_of(page)


def test_the_page_is_shown_although_no_engine_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/outputs/engine")

    monkeypatch.setattr(jobs, "keep_engine", refuse)
    monkeypatch.setattr(jobs.client, "keep_engine", refuse)
    page = open_page()
    assert not page.error
    page.button(key="run").click().run()
    assert not page.exception
    assert "Permission denied (/outputs/engine)" in text_of(page)


def test_what_was_told_goes_when_the_next_night_starts() -> None:
    page = open_page(preset="rem-deprived")
    page.button(key="run").click().run()
    assert len(page.warning) == 1
    page.button(key="stop").click().run()
    page.slider(key="rem_end").set_value(50.0).run()
    page.button(key="run").click().run()
    assert not page.warning
