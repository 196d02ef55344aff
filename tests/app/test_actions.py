"""The Run button: the main run, the compared run, and failures of either."""

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
from tests.helpers.page_runs import OTHER, OWNER, RUN, engine, night, submitted_configs, write
from tests.helpers.pages import (
    address_of,
    buttons_of,
    figure_of,
    no_example,
    open_page,
    set_connection,
    statuses_of,
    text_of,
    trace,
)

CONFIG = RunConfig(num_cycles=5, start_fraction_rem=0.05, end_fraction_rem=0.4)
ADDRESS = {"preset": "young-adult"}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_example(tmp_path, monkeypatch)
    return tmp_path / "outputs"


# --- submitting ---


def test_run_submits_the_selected_run_and_the_compared_one() -> None:
    page = open_page(**ADDRESS)
    page.button(key="run").click().run()
    assert not page.exception
    assert submitted_configs() == [CONFIG, compared_config("no-rem", CONFIG)]
    main, compared = entries.read_all()
    assert address_of(page) == {"run": main.run, "with": compared.run}
    assert statuses_of(page) == ["queued"]
    assert buttons_of(page) == {"stop"}


def test_a_run_that_starts_at_once_is_in_the_first_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def submit_and_start(*arguments: Any, **options: Any) -> str:
        run = submit(*arguments, **options)
        Timer(0.1, lambda: _write_first_events(run)).start()
        return run

    submit = jobs.submit
    monkeypatch.setattr(jobs, "submit", submit_and_start)
    monkeypatch.setattr(actions, "START_WAIT_S", 3600.0)
    with engine(ready=True):
        page = open_page(compare="none")
        page.button(key="run").click().run()
        assert trace(figure_of(page, "error_chart"), "old")["x"] == [0]


def _write_first_events(run: str) -> None:
    with RunLog(find_run(run).path) as log:
        for event in night([100], [500], RunConfig(), whole=False):
            log.append(event)


def test_run_waits_only_briefly_for_a_run_that_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "START_WAIT_S", 0.01)
    with engine(ready=True):
        page = open_page()
        page.button(key="run").click().run()
        assert statuses_of(page) == ["queued"]


def test_both_runs_belong_to_the_visitor() -> None:
    page = open_page()
    page.button(key="run").click().run()
    assert {entry.person for entry in entries.read_all()} == {OWNER}
    assert {folder.record().person for folder in all_runs()} == {OWNER}


def test_every_session_of_a_browser_without_cookies_is_a_separate_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_connection(monkeypatch, None)
    for _ in range(2):
        page = open_page(compare="none")
        page.button(key="run").click().run()
    first, second = (entry.person for entry in entries.read_all())
    assert first != second


@pytest.mark.parametrize("name", ["no-rem", "all-rem", "published"])
def test_the_compared_run_is_the_selected_condition(name: str) -> None:
    page = open_page(**ADDRESS)
    page.selectbox(key="compare").set_value(name).run()
    page.button(key="run").click().run()
    assert submitted_configs() == [CONFIG, compared_config(name, CONFIG)]
    # The condition stays selected, in the control and in the address.
    assert page.selectbox(key="compare").value == name
    assert address_of(page).get("compare", "no-rem") == name


def test_the_condition_nothing_submits_only_the_main_run() -> None:
    page = open_page(compare="none", **ADDRESS)
    page.button(key="run").click().run()
    assert submitted_configs() == [CONFIG]
    assert set(address_of(page)) == {"run", "compare"}
    assert not page.warning


def test_an_identical_comparison_is_not_submitted_and_a_note_says_so() -> None:
    page = open_page(preset="rem-deprived")
    page.button(key="run").click().run()
    assert len(submitted_configs()) == 1
    assert set(address_of(page)) == {"run"}
    assert len(page.warning) == 1
    assert text.SAME_NIGHT in text_of(page)


def test_the_condition_last_run_compares_with_the_shown_run_and_submits_no_second_one() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = open_page(RUN, **{"with": OTHER, "compare": "last", "num_cycles": "3"})
    page.button(key="run").click().run()
    assert submitted_configs() == [RunConfig(num_cycles=3, total_eps=4)]
    assert address_of(page) == {"run": entries.read_all()[0].run, "with": RUN, "compare": "last"}


def test_the_condition_last_run_without_a_shown_run_compares_with_nothing() -> None:
    page = open_page(compare="last")
    page.button(key="run").click().run()
    assert not page.exception
    assert len(submitted_configs()) == 1
    assert set(address_of(page)) == {"run", "compare"}


def test_a_new_pair_of_runs_replaces_the_old_one_in_the_address() -> None:
    page = open_page()
    page.button(key="run").click().run()
    first = address_of(page)
    page.button(key="stop").click().run()
    page.slider(key="num_cycles").set_value(4).run()
    page.button(key="run").click().run()
    second = address_of(page)
    assert set(second) == {"run", "with"}
    assert not set(first.values()) & set(second.values())


# --- failures ---


def test_a_full_queue_is_reported_in_one_sentence_and_nothing_is_submitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "1")
    entries.add(RUN, "another person")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "The run could not be started: 1 runs are waiting or running, and 1 is the limit" in (
        text_of(page)
    )
    assert address_of(page) == {}
    assert buttons_of(page) == {"run"}
    assert all_runs() == []


def test_the_main_run_continues_if_the_queue_has_no_space_for_the_compared_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "1")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert submitted_configs() == [RunConfig()]
    assert set(address_of(page)) == {"run"}
    assert statuses_of(page) == ["queued"]
    assert len(page.warning) == 1
    assert "The compared run could not be started: you have 1 runs waiting" in text_of(page)
    page.run()
    assert len(page.warning) == 1  # the note stays until the next run starts


def _fail_submit(monkeypatch: pytest.MonkeyPatch, number: int, error: Exception) -> None:
    """Let only one call of `jobs.submit` fail, counted from 1."""
    submit, configs = jobs.submit, []

    def failing_submit(config: RunConfig, **options: Any) -> str:
        configs.append(config)
        if len(configs) == number:
            raise error
        return submit(config, **options)

    monkeypatch.setattr(jobs, "submit", failing_submit)


FULL = OSError(28, "No space left on device", "/outputs/runs")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FULL, "No space left on device (/outputs/runs). Free space or grant access in "),
        (QueueError("the queue is busy; try again in a moment."), "the queue is busy; try again"),
    ],
)
def test_a_failed_main_run_submits_nothing_and_a_failed_compared_run_only_itself(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    with monkeypatch.context() as patch:
        _fail_submit(patch, 1, error)
        page = open_page()
        page.button(key="run").click().run()
        assert f"The run could not be started: {sentence}" in text_of(page)
        assert (len(page.error), len(page.warning)) == (1, 0)
        assert submitted_configs() == []
        assert address_of(page) == {}
        assert buttons_of(page) == {"run"}
    with monkeypatch.context() as patch:
        _fail_submit(patch, 2, error)
        page.button(key="run").click().run()
        assert f"The compared run could not be started: {sentence}" in text_of(page)
        assert (len(page.error), len(page.warning)) == (0, 1)
        assert submitted_configs() == [RunConfig()]
        assert address_of(page) == {"run": entries.read_all()[0].run}


def test_a_read_only_outputs_folder_is_reported_in_one_sentence(
    outputs: Path,
) -> None:
    outputs.write_text("a file where the folder should be")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "could not be started" in text_of(page)
    assert str(outputs) in text_of(page)


def test_the_page_is_shown_if_no_engine_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/outputs/engine")

    monkeypatch.setattr(jobs, "keep_engine", refuse)
    monkeypatch.setattr(jobs.client, "keep_engine", refuse)
    page = open_page()
    assert not page.error
    page.button(key="run").click().run()
    assert not page.exception
    assert "Permission denied (/outputs/engine)" in text_of(page)


def test_notes_disappear_when_the_next_run_starts() -> None:
    page = open_page(preset="rem-deprived")
    page.button(key="run").click().run()
    assert len(page.warning) == 1
    page.button(key="stop").click().run()
    page.slider(key="rem_end").set_value(50.0).run()
    page.button(key="run").click().run()
    assert not page.warning
