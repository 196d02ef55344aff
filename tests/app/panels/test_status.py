"""The status of a run on the page: queued, running and done."""

import os
import time
from pathlib import Path

import pytest

from app import live_results
from core import jobs
from core.jobs import wait_text
from core.queue import entries
from core.queue.engine_state import EngineState, publish, touch_heartbeat
from core.queue.engine_users import register_user
from core.queue.paths import engine_state_file
from core.queue.problems import Problem, ProblemCode
from core.runs.events import Event, PretrainingAdvanced
from core.schedule.config import RunConfig
from tests.helpers.page_runs import (
    OTHER,
    RUN,
    engine,
    night,
    running,
    write,
    write_done_run,
    write_unfinished_run,
)
from tests.helpers.pages import (
    PART_KEYS,
    Timers,
    buttons_of,
    figure_of,
    no_example,
    open_page,
    record_timers,
    statuses_of,
    text_of,
    trace,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return record_timers(monkeypatch)


# --- queued ---


def test_a_queued_run_shows_its_position_in_the_queue(timers: Timers) -> None:
    entries.add(write([], RunConfig(num_cycles=3)).id, "tester")
    with engine(ready=True, waiting=((OTHER, 8.0), ("another", 21.0), (RUN, 41.0))):
        page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    assert "3rd in line, about 40 s to wait" in text_of(page)
    assert "This run: 3 cycles" in text_of(page)
    assert page.slider(key="num_cycles").value == 3
    assert buttons_of(page) == {"stop"}
    assert timers.status[-1] is not None


def test_a_queued_run_shows_that_the_engine_is_starting() -> None:
    entries.add(write([]).id, "tester")
    with register_user().lock:  # as the page, which starts an engine
        assert wait_text.ENGINE_STARTING in text_of(open_page(RUN))
    with engine():
        assert wait_text.ENGINE_STARTING in text_of(open_page(RUN))
    with engine(ready=True):
        assert wait_text.RUN_STARTING in text_of(open_page(RUN))


@pytest.mark.parametrize(
    ("started", "words"),
    [(False, wait_text.NO_ENGINE), (True, wait_text.CONTINUES_WHEN_ENGINE_RUNS)],
)
def test_a_run_without_an_engine_shows_how_to_start_one(started: bool, words: str) -> None:
    entries.add((write_unfinished_run() if started else write([])).id, "tester")
    assert words in text_of(open_page(RUN))
    with register_user().lock:
        assert words not in text_of(open_page(RUN))


@pytest.mark.parametrize("started", [False, True])
def test_a_frozen_engine_is_reported_until_it_answers(started: bool) -> None:
    entries.add((write_unfinished_run() if started else write([])).id, "tester")
    with engine(ready=True, pid=7):
        os.utime(engine_state_file(), (time.time() - 14,) * 2)
        page = open_page(RUN)
        assert len(page.warning) == 1
        assert "job engine (process 7) has not answered since" in text_of(page)
        assert wait_text.CONTINUES_AUTOMATICALLY not in text_of(page)
        touch_heartbeat()
        assert not open_page(RUN).warning


def test_a_running_run_does_not_report_a_frozen_engine() -> None:
    with running(write_unfinished_run()), engine(ready=True, pid=7):
        os.utime(engine_state_file(), (time.time() - 14,) * 2)
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert not page.warning


@pytest.mark.parametrize("started", [False, True])
def test_the_problem_of_an_engine_is_reported(started: bool) -> None:
    folder = write_unfinished_run() if started else write([])
    entries.add(folder.id, "tester")
    parameters = {"address": "x", "reason": "refused"}
    publish(EngineState(problem=Problem(ProblemCode.SCHEDULER_UNREACHABLE, parameters)))
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted" if started else "queued"]
    assert started or wait_text.ENGINE_HAS_PROBLEM in text_of(page)
    assert len(page.warning) == 1
    assert "DASK_SCHEDULER_ADDRESS is 'x'" in text_of(page)
    assert not page.error


# --- running ---


def test_a_running_run_shows_its_position_and_its_measures(
    timers: Timers,
) -> None:
    with running(write_unfinished_run()):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert "cycle 2 of 2, NREM, about 10 s left" in text_of(page)
    assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
    assert trace(figure_of(page, "recall_chart"), "new")["x"] == [0, 1, 2]
    assert trace(figure_of(page, "loss_chart"), "total")["x"] == [1, 2]
    assert "Result." not in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.status == [live_results.POLL_S]


def test_the_current_stage_is_highlighted_while_the_controls_show_its_night() -> None:
    with running(write_unfinished_run()):
        page = open_page(RUN)
        widths = [lane["marker"]["line"]["width"] for lane in figure_of(page, "hypnogram")["data"]]
        assert widths == [[0, 3], [0, 0]]  # NREM, then REM
        page.slider(key="rem_start").set_value(0.0).run()
    for lane in figure_of(page, "hypnogram")["data"]:
        assert set(lane["marker"]["line"]["width"]) == {0}
        assert set(lane["marker"]["opacity"]) == {1}


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "preparing"),
        (
            [PretrainingAdvanced(59, 1_180, 2, 20, 180.0)],
            "pre-training on old memories: epoch 2 of 20",
        ),
        (night([60], [600], whole=False)[:2], "cycle 0 of 2, measuring"),
        (night([60], [600], whole=False), "cycle 1 of 2, NREM"),
    ],
    ids=["started", "pre-training", "before", "first stage"],
)
def test_a_run_that_has_just_started_has_a_page(events: list[Event], words: str) -> None:
    with running(write(events)):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert words in text_of(page)
    assert "Scores appear after the first cycle." in text_of(page)
    assert buttons_of(page) == {"stop"}
    assert page.slider(key="cycle").value == 0


def test_stop_writes_the_request_and_shows_stopping_until_the_run_ends() -> None:
    folder = write_unfinished_run()
    with running(folder):
        page = open_page(RUN)
        page.button(key="stop").click().run()
        assert folder.stop.exists()
        assert page.button(key="stop").label == "Stopping"
        assert buttons_of(page) == {"play"}


def test_stop_removes_a_queued_run_from_the_queue() -> None:
    entries.add(write_unfinished_run().id, "tester")
    page = open_page(RUN)
    page.button(key="stop").click().run()
    assert entries.read_all() == []
    assert statuses_of(page) == ["stopped"]
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_failed_stop_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str) -> None:
        raise PermissionError(13, "Permission denied", "stop")

    monkeypatch.setattr(jobs, "stop", refuse)
    with running(write_unfinished_run()):
        page = open_page(RUN)
        page.button(key="stop").click().run()
    assert not page.exception
    assert "could not be stopped: Permission denied (stop)" in text_of(page)
    assert "stop" in buttons_of(page)


# --- done ---


def test_a_done_run_shows_its_result_and_polls_no_more(timers: Timers) -> None:
    write_done_run()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "cycle 2 of 2, in 12 s" in text_of(page)
    assert (
        "Result. This run kept most of the old memories (75 %) and mostly learned the "
        "new ones (80 %). In REM it trained on its dreams."
    ) in text_of(page).replace("*", "")
    assert buttons_of(page) == {"play", "run"}
    assert timers.status == [None]


def test_the_page_of_a_run_contains_all_parts() -> None:
    folder = write_done_run()
    page = open_page(RUN)
    for key in (*PART_KEYS, "run"):
        assert page.get_by_key(key) is not None
    entries.add(folder.id, "tester")  # without effect on a done run
    with running(write(night([60], [600], whole=False), run_id=OTHER)):
        page = open_page(OTHER)
    for key in (*PART_KEYS, "stop"):
        assert page.get_by_key(key) is not None
