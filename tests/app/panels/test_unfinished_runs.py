"""The page of a run that was stopped, failed, was interrupted, damaged or deleted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import live_results, shown_runs
from core import jobs
from core.jobs import wait_text
from core.queue import entries
from core.queue.engine_users import register_user
from core.queue.failures import record_failure
from core.runs.events import NightFailed, NightStopped
from core.schedule.config import RunConfig
from core.support.errors import LogError, QueueError
from tests.helpers.page_runs import OWNER, RUN, night, running, write, write_unfinished_run
from tests.helpers.pages import (
    Timers,
    address_of,
    buttons_of,
    no_example,
    open_page,
    record_timers,
    status_tick,
    statuses_of,
    text_of,
)


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return record_timers(monkeypatch)


def test_a_stopped_run_stays_stopped_until_it_is_resumed(timers: Timers) -> None:
    folder = write([*night([60, 70], [600, 300], whole=False), NightStopped()])
    folder.stop.touch()
    page = open_page(RUN)
    assert statuses_of(page) == ["stopped"]
    assert "cycle 2 of 2" in text_of(page)
    assert "Result." not in text_of(page)
    assert not page.error
    assert page.button(key="resume").label == "Resume"
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.status == [None]

    page.button(key="resume").click().run()
    assert not folder.stop.exists()
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(RUN, OWNER)]
    assert statuses_of(page) == ["queued"]
    assert "after cycle 1 of 2" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.status[-1] is not None


def test_a_failed_resume_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str, address: str) -> None:
        raise QueueError(f"{person} has too many runs.")

    monkeypatch.setattr(jobs, "resume", refuse)
    write_unfinished_run()
    page = open_page(RUN)
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed: visitor-" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_failed_run_shows_the_reason(timers: Timers) -> None:
    write([*night([60, 70], [600, 300], whole=False), NightFailed("the disk is full.")])
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)
    assert len(page.error) == 1
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.status == [None]


def test_a_failure_that_was_recorded_outside_the_log_is_shown() -> None:
    folder = write_unfinished_run()
    log = folder.path / "events.jsonl"
    log.rename(folder.path / "kept")
    log.mkdir()
    record_failure(folder, "the disk is full.")
    log.rmdir()
    (folder.path / "kept").rename(log)
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)


def test_a_damaged_log_is_reported_in_one_sentence() -> None:
    folder = write_unfinished_run()
    with (folder.path / "events.jsonl").open("a") as log:
        log.write("{}\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert len(page.error) == 1
    assert "events.jsonl, line" in text_of(page)
    assert {"run", "resume"} <= buttons_of(page)


def test_a_run_with_a_damaged_record_is_shown_and_only_the_host_can_resume_it() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, end_fraction_rem=0.25)
    folder = write(night([60, 70], [600, 300], config, whole=False))
    folder.record_file.write_text(json.dumps({"schema": 1}))
    page = open_page(RUN)
    assert "This run: 2 cycles · REM 50 % to 25 %" in text_of(page)  # from its log
    assert buttons_of(page) == {"play", "run"}
    assert "only the host can resume it" in text_of(page)  # the error names the damaged file
    with pytest.raises(LogError, match=r"config\.json is damaged"):
        jobs.resume(RUN)


def test_a_run_without_any_readable_file_has_a_page() -> None:
    folder = write([])
    folder.record_file.unlink()
    (folder.path / "events.jsonl").write_text("nonsense\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "run" in buttons_of(page)


def test_an_interrupted_run_continues_by_itself_or_is_resumed(
    timers: Timers,
) -> None:
    folder = write_unfinished_run()
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted"]
    assert f"after cycle 1 of 2; {wait_text.CAN_BE_RESUMED}" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}
    entries.add(folder.id, "tester")
    with register_user().lock:  # as the page, which starts an engine
        page.run()
    assert statuses_of(page) == ["interrupted"]
    assert f"after cycle 1 of 2; {wait_text.CONTINUES_AUTOMATICALLY}" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.status == [None, live_results.POLL_S]


@pytest.mark.parametrize("draw", [AppTest.run, status_tick])
def test_a_deleted_run_disappears_with_a_note(
    draw: Callable[[AppTest], object],
) -> None:
    with running(write_unfinished_run()):
        page = open_page(RUN)
    entries.remove(RUN)
    jobs.delete(RUN)
    draw(page)
    assert not page.exception
    assert "There is no run at this address" in text_of(page)
    assert "run" in buttons_of(page)
    assert "run" not in address_of(page)
    page.run()
    assert "There is no run at this address" in text_of(page)  # until the next run starts


@pytest.mark.parametrize("run_id", ["..", "", ".", "a/b", f"{RUN}\n", f"../{RUN}", f"{RUN}/x"])
def test_an_id_never_leads_out_of_the_folder_of_runs(run_id: str) -> None:
    write_unfinished_run()
    assert not shown_runs.exists(run_id)
