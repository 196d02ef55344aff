"""A run on the page: asked for, waiting, going on, stopped, resumed, and what may go wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import visit
from core import jobs
from core.config import RunConfig
from core.engine import queue
from core.engine.failures import fail
from core.engine.places import engine_lock
from core.engine.state import EngineState, publish
from core.errors import QueueError
from core.events import NightFailed, NightStopped
from core.store.folder import RunFolder, all_runs
from core.store.locks import acquire
from tests.app_runs import RUN, buttons_of, night, open_page, text_of, write

OTHER = "20260102-030405-ffffff"


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setattr(jobs, "keep_engine", lambda: None)


@contextmanager
def asleep(folder: RunFolder) -> Iterator[None]:
    """As if a worker slept the run."""
    queue.put(folder.id, "tester")
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(**told: object) -> Iterator[None]:
    """As if an engine served the outputs folder, and had said this."""
    lock = acquire(engine_lock())
    assert lock is not None
    with lock:
        publish(EngineState(**told))  # type: ignore[arg-type]
        yield


def half() -> RunFolder:
    """A run in the middle of its second and last cycle."""
    return write(night([60, 70], [600, 300], whole=False))


# --- Run ---


def test_run_asks_for_the_very_night_in_the_visitors_name() -> None:
    page = open_page()
    page.slider(key="rem_start").set_value(20)
    page.button(key="run").click().run()
    assert not page.exception
    (folder,) = all_runs()
    record = folder.record()
    assert record.config == RunConfig(start_fraction_rem=0.2)
    assert page.query_params["run"] == folder.id
    assert page.session_state["person"] == record.person
    assert [(entry.run, entry.person) for entry in queue.entries()] == [(folder.id, record.person)]
    assert "queued" in text_of(page)
    assert buttons_of(page) == {"stop"}


def test_each_session_is_a_person_of_its_own() -> None:
    for _ in range(2):
        page = open_page()
        page.button(key="run").click().run()
    first, second = (entry.person for entry in queue.entries())
    assert first != second


def test_a_full_queue_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "1")
    queue.put(RUN, "somebody else")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "1 is the limit for everybody together" in text_of(page)
    assert "run" not in page.query_params
    assert buttons_of(page) == {"run"}
    assert all_runs() == []


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file where the folder should be")
    page = open_page()
    page.button(key="run").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert "could not be started" in text_of(page)
    assert str(tmp_path / "outputs") in text_of(page)


def test_the_page_is_shown_although_no_engine_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/outputs/engine")

    monkeypatch.setattr(jobs, "keep_engine", refuse)
    page = open_page()
    assert not page.error
    page.button(key="run").click().run()
    assert not page.exception
    assert "Permission denied (/outputs/engine)" in text_of(page)


# --- waiting ---


def test_a_waiting_night_tells_its_turn() -> None:
    folder = write([], RunConfig(num_cycles=3))
    queue.put(folder.id, "tester")
    with engine(ready=True, waiting=((OTHER, 8.0), ("another", 21.0), (RUN, 41.0))):
        page = open_page(RUN)
    text = text_of(page)
    assert "queued" in text
    assert "3rd in line, about 40 s to wait" in text
    assert "This night: 3 cycles" in text
    assert page.slider(key="num_cycles").value == 3
    assert buttons_of(page) == {"stop"}


def test_a_waiting_night_tells_that_the_engine_is_starting() -> None:
    queue.put(write([]).id, "tester")
    assert "the engine is starting" in text_of(open_page(RUN))
    with engine():
        assert "the engine is starting" in text_of(open_page(RUN))
    with engine(ready=True):
        assert "its turn has come" in text_of(open_page(RUN))


@pytest.mark.parametrize("begun", [False, True])
def test_an_engine_that_cannot_work_is_told_with_its_reason(begun: bool) -> None:
    folder = half() if begun else write([])
    queue.put(folder.id, "tester")
    publish(EngineState(problem="DASK_SCHEDULER_ADDRESS is 'x', and no scheduler answers there."))
    page = open_page(RUN)
    assert ("interrupted" if begun else "waiting for the engine") in text_of(page)
    assert len(page.warning) == 1
    assert "DASK_SCHEDULER_ADDRESS is 'x'" in text_of(page)
    assert not page.error


# --- running, and Stop ---


def test_a_running_night_shows_where_it_is_and_its_errors_so_far() -> None:
    with asleep(half()):
        page = open_page(RUN)
    text = text_of(page)
    assert "running" in text
    assert "cycle 2 of 2, NREM" in text
    assert page.dataframe[0].value["old"].tolist() == [60, 70]
    assert "After cycle 1 of 2" not in text
    assert buttons_of(page) == {"stop"}


def test_stop_asks_the_night_to_stop_and_says_so_until_it_has() -> None:
    folder = half()
    with asleep(folder):
        page = open_page(RUN)
        page.button(key="stop").click().run()
        assert folder.stop.exists()
        assert page.button(key="stop").label == "Stopping"
        assert buttons_of(page) == set()


def test_stop_takes_a_waiting_night_out_of_the_queue() -> None:
    queue.put(half().id, "tester")
    page = open_page(RUN)
    page.button(key="stop").click().run()
    assert queue.entries() == []
    assert "stopped" in text_of(page)
    assert buttons_of(page) == {"run", "resume"}


def test_a_stop_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str) -> None:
        raise PermissionError(13, "Permission denied", "stop")

    monkeypatch.setattr(jobs, "stop", refuse)
    with asleep(half()):
        page = open_page(RUN)
        page.button(key="stop").click().run()
    assert not page.exception
    assert "could not be stopped: Permission denied (stop)" in text_of(page)
    assert buttons_of(page) == {"stop"}


def test_a_log_that_grows_is_followed_to_its_end() -> None:
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b'"CycleDone"')])
    with asleep(folder):
        page = open_page(RUN)
        assert "running" in text_of(page)
        assert page.dataframe[0].value["old"].tolist() == [60]
        log.write_bytes(whole)
    queue.take_out(RUN)
    page.run()
    assert "done" in text_of(page)
    assert page.dataframe[0].value["old"].tolist() == [60, 70, 80]
    assert buttons_of(page) == {"run"}


# --- over, and Resume ---


def test_a_stopped_night_stays_stopped_until_it_is_resumed() -> None:
    folder = write([*night([60, 70], [600, 300], whole=False), NightStopped()])
    folder.stop.touch()
    page = open_page(RUN)
    assert "stopped" in text_of(page)
    assert "cycle 2 of 2" in text_of(page)
    assert "After cycle 1 of 2" in text_of(page)
    assert not page.error
    assert buttons_of(page) == {"run", "resume"}

    page.button(key="resume").click().run()
    assert not folder.stop.exists()
    assert [(entry.run, entry.person) for entry in queue.entries()] == [
        (RUN, page.session_state["person"])
    ]
    assert "queued" in text_of(page)
    assert "after cycle 1 of 2" in text_of(page)
    assert buttons_of(page) == {"stop"}


def test_a_resume_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str) -> None:
        raise QueueError(f"{person} has too many runs.")

    monkeypatch.setattr(jobs, "resume", refuse)
    half()
    page = open_page(RUN)
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed: visitor-" in text_of(page)
    assert buttons_of(page) == {"run", "resume"}


def test_a_failed_night_tells_its_reason() -> None:
    write([*night([60, 70], [600, 300], whole=False), NightFailed("the disk is full.")])
    page = open_page(RUN)
    assert "failed" in text_of(page)
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)
    assert "After cycle 1 of 2" in text_of(page)
    assert len(page.error) == 1
    assert buttons_of(page) == {"run", "resume"}


def test_a_failure_that_the_runs_own_log_could_not_take_is_told_too() -> None:
    folder = half()
    log = folder.path / "events.jsonl"
    log.rename(folder.path / "kept")
    log.mkdir()
    fail(folder, "the disk is full.")
    log.rmdir()
    (folder.path / "kept").rename(log)
    page = open_page(RUN)
    assert "failed" in text_of(page)
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)


def test_a_damaged_log_is_told_in_one_sentence() -> None:
    folder = half()
    with (folder.path / "events.jsonl").open("a") as log:
        log.write("{}\n")
    page = open_page(RUN)
    assert "failed" in text_of(page)
    assert len(page.error) == 1
    assert "events.jsonl, line" in text_of(page)
    assert buttons_of(page) == {"run", "resume"}


def test_a_damaged_record_hides_no_night_and_cannot_be_resumed() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, end_fraction_rem=0.25)
    folder = write(night([60, 70], [600, 300], config, whole=False))
    folder.record_file.write_text(json.dumps({"schema": 1}))
    page = open_page(RUN)
    assert "This night: 2 cycles · REM 50 % to 25 %" in text_of(page)  # as its log tells
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed" in text_of(page)
    assert "config.json is damaged" in text_of(page)


def test_a_night_that_broke_off_goes_on_by_itself_or_is_resumed() -> None:
    folder = half()
    page = open_page(RUN)
    assert "interrupted" in text_of(page)
    assert "broke off after cycle 1 of 2; it can be resumed" in text_of(page)
    assert buttons_of(page) == {"run", "resume"}
    queue.put(folder.id, "tester")
    page.run()
    assert "broke off after cycle 1 of 2; it goes on from there by itself" in text_of(page)
    assert buttons_of(page) == {"stop"}


def test_a_run_that_is_deleted_is_no_night_any_more() -> None:
    half()
    page = open_page(RUN)
    jobs.delete(RUN)
    page.run()
    assert not page.exception
    assert "no night at this address" in text_of(page)
    assert buttons_of(page) == {"run"}


@pytest.mark.parametrize("run_id", ["..", "", ".", "a/b", f"{RUN}\n", f"../{RUN}", f"{RUN}/x"])
def test_a_name_never_leads_out_of_the_runs(run_id: str) -> None:
    half()
    assert visit.watched(run_id) is None
