"""A run on the page: waiting, going on, over, and whatever may have become of its files."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import live_results, shown_runs
from core import jobs
from core.queue import entries
from core.queue.engine_state import EngineState, publish, touch_heartbeat
from core.queue.engine_users import register_user
from core.queue.failures import record_failure
from core.queue.paths import engine_state_file
from core.queue.problems import Problem, ProblemCode
from core.runs.events import Event, NightFailed, NightStopped, PretrainingAdvanced
from core.runs.folder import RunFolder
from core.runs.log import RunLog
from core.schedule.config import RunConfig
from core.support.errors import LogError, QueueError
from tests.helpers.page_runs import (
    OTHER,
    OWNER,
    RUN,
    Timers,
    address_of,
    asleep,
    buttons_of,
    done,
    engine,
    figure_of,
    half,
    is_drawn,
    night,
    no_example,
    open_page,
    statuses_of,
    text_of,
    tick,
    timers_of,
    trace,
    write,
)

KEYS = {
    *("num_cycles", "rem_start", "rem_end", "split", "preset", "run_status", "hypnogram"),
    *("scorecard", "error_chart", "recall_chart", "cycle", "filmstrip", "loss_chart"),
}


@pytest.fixture(autouse=True)
def timers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timers:
    no_example(tmp_path, monkeypatch)
    return timers_of(monkeypatch)


# --- waiting ---


def test_a_waiting_night_tells_its_turn(timers: Timers) -> None:
    entries.add(write([], RunConfig(num_cycles=3)).id, "tester")
    with engine(ready=True, waiting=((OTHER, 8.0), ("another", 21.0), (RUN, 41.0))):
        page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    assert "3rd in line, about 40 s to wait" in text_of(page)
    assert "This night: 3 cycles" in text_of(page)
    assert page.slider(key="num_cycles").value == 3
    assert buttons_of(page) == {"stop"}
    assert timers.poll[-1] is not None


def test_a_waiting_night_tells_that_the_engine_is_starting() -> None:
    entries.add(write([]).id, "tester")
    with register_user().lock:  # the page's own, which keeps an engine
        assert "the engine is starting" in text_of(open_page(RUN))
    with engine():
        assert "the engine is starting" in text_of(open_page(RUN))
    with engine(ready=True):
        assert "its turn has come" in text_of(open_page(RUN))


@pytest.mark.parametrize(
    ("begun", "words"),
    [(False, "waiting for an engine: start"), (True, "it continues when an engine runs: start")],
)
def test_a_night_that_nothing_serves_says_what_it_needs(begun: bool, words: str) -> None:
    entries.add((half() if begun else write([])).id, "tester")
    assert words in text_of(open_page(RUN))
    with register_user().lock:
        assert words not in text_of(open_page(RUN))


@pytest.mark.parametrize("begun", [False, True])
def test_a_frozen_engine_is_told_for_a_night_that_waits_and_not_once_it_works(begun: bool) -> None:
    entries.add((half() if begun else write([])).id, "tester")
    with engine(ready=True, pid=7):
        os.utime(engine_state_file(), (time.time() - 14,) * 2)
        page = open_page(RUN)
        assert len(page.warning) == 1
        assert "job engine (process 7) has not answered since" in text_of(page)
        assert "by itself" not in text_of(page)
        touch_heartbeat()
        assert not open_page(RUN).warning


def test_a_running_night_is_not_troubled_by_a_frozen_engine() -> None:
    with asleep(half()), engine(ready=True, pid=7):
        os.utime(engine_state_file(), (time.time() - 14,) * 2)
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert not page.warning


@pytest.mark.parametrize("begun", [False, True])
def test_an_engine_that_cannot_work_is_told_with_its_reason(begun: bool) -> None:
    folder = half() if begun else write([])
    entries.add(folder.id, "tester")
    parameters = {"address": "x", "reason": "refused"}
    publish(EngineState(problem=Problem(ProblemCode.SCHEDULER_UNREACHABLE, parameters)))
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted" if begun else "queued"]
    assert begun or "waiting for the engine" in text_of(page)
    assert len(page.warning) == 1
    assert "DASK_SCHEDULER_ADDRESS is 'x'" in text_of(page)
    assert not page.error


# --- running, and Stop ---


def test_a_running_night_shows_where_it_is_and_what_it_has_measured(
    timers: Timers,
) -> None:
    with asleep(half()):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert "cycle 2 of 2, NREM, about 10 s left" in text_of(page)
    assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
    assert trace(figure_of(page, "recall_chart"), "new")["x"] == [0, 1, 2]
    assert trace(figure_of(page, "loss_chart"), "total")["x"] == [1, 2]
    assert "What happened." not in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll == [live_results._POLL_S]


def test_the_stage_that_goes_on_is_lit_while_the_controls_stand_at_its_night() -> None:
    with asleep(half()):
        page = open_page(RUN)
        lit = [bar["marker"]["line"]["width"] for bar in figure_of(page, "hypnogram")["data"]]
        assert lit == [[0, 3], [0, 0]]  # NREM, then REM
        page.slider(key="rem_start").set_value(0.0).run()
    for bar in figure_of(page, "hypnogram")["data"]:
        assert set(bar["marker"]["line"]["width"]) == {0}
        assert set(bar["marker"]["opacity"]) == {1}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], "getting ready"),
        ([PretrainingAdvanced(59, 1_180, 2, 20, 180.0)], "learning the old memories: pass 2 of 20"),
        (night([60], [600], whole=False)[:2], "cycle 0 of 2, measuring"),
        (night([60], [600], whole=False), "cycle 1 of 2, NREM"),
    ],
    ids=["started", "pre-training", "before", "first stage"],
)
def test_a_night_that_has_only_begun_is_a_page_too(events: list[Event], told: str) -> None:
    with asleep(write(events)):
        page = open_page(RUN)
    assert statuses_of(page) == ["running"]
    assert told in text_of(page)
    assert "The scores come after the first cycle." in text_of(page)
    assert buttons_of(page) == {"stop"}
    assert page.slider(key="cycle").value == 0


def test_stop_asks_the_night_to_stop_and_says_so_until_it_has() -> None:
    folder = half()
    with asleep(folder):
        page = open_page(RUN)
        page.button(key="stop").click().run()
        assert folder.stop.exists()
        assert page.button(key="stop").label == "Stopping"
        assert buttons_of(page) == {"play"}


def test_stop_takes_a_waiting_night_out_of_the_queue() -> None:
    entries.add(half().id, "tester")
    page = open_page(RUN)
    page.button(key="stop").click().run()
    assert entries.read_all() == []
    assert statuses_of(page) == ["stopped"]
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_stop_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str) -> None:
        raise PermissionError(13, "Permission denied", "stop")

    monkeypatch.setattr(jobs, "stop", refuse)
    with asleep(half()):
        page = open_page(RUN)
        page.button(key="stop").click().run()
    assert not page.exception
    assert "could not be stopped: Permission denied (stop)" in text_of(page)
    assert "stop" in buttons_of(page)


def growing() -> tuple[RunFolder, Path, list[bytes]]:
    """A run in its first cycle, its log, and what that grows to: in its last cycle, and whole."""
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b'"CycleDone"')])
    return folder, log, [whole[: whole.rindex(b'"CycleDone"')], whole]


def drawn(page: AppTest) -> set[str]:
    """What ``page`` shows as it was drawn last, of the parts by their key and of the buttons."""
    return {key for key in (*KEYS, "run", "stop") if is_drawn(page, key)}


def test_a_log_that_grows_is_followed_to_its_end(timers: Timers) -> None:
    folder, log, (last_cycle, whole) = growing()
    with asleep(folder):
        page = open_page(RUN)
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70]
        assert page.slider(key="cycle").value == 0
        log.write_bytes(last_cycle)
        tick(page)
        assert statuses_of(page) == ["running"]
        assert trace(figure_of(page, "error_chart"), "old")["y"] == [60, 70, 70, 80, 80]
        assert page.slider(key="cycle").value == 1
        assert timers.poll == [live_results._FIRST_S, live_results._POLL_S]
        log.write_bytes(whole)
        tick(page)
    assert timers.poll == [live_results._FIRST_S, live_results._POLL_S, None]
    assert statuses_of(page) == ["done"]
    assert page.slider(key="cycle").value == 2
    assert buttons_of(page) == {"play", "run"}


def test_the_end_of_a_stage_draws_what_shows_it_and_no_controls() -> None:
    folder, log, (last_cycle, whole) = growing()
    with asleep(folder):
        page = open_page(RUN)
        tick(page)
        assert drawn(page) == {"run_status"}  # for there is no more to see
        log.write_bytes(last_cycle)
        tick(page)
        assert drawn(page) == KEYS - {"num_cycles", "rem_start", "rem_end", "split", "preset"}
        lit = [bar["marker"]["line"]["width"] for bar in figure_of(page, "hypnogram")["data"]]
        assert lit == [[0, 0], [0, 3]]  # NREM, then REM
        log.write_bytes(whole)
        tick(page)
        assert drawn(page) == {*KEYS, "run"}


def test_a_run_that_waits_is_followed_when_its_turn_comes(timers: Timers) -> None:
    folder = write([])
    entries.add(folder.id, "tester")
    page = open_page(RUN)
    assert statuses_of(page) == ["queued"]
    with RunLog(folder.path) as log:
        for event in night([60], [600], RunConfig(), whole=False):
            log.append(event)
    with asleep(folder):
        tick(page)
        assert statuses_of(page) == ["running"]
        assert timers.poll == [live_results._FIRST_S] * 2
    entries.remove(RUN)
    tick(page)
    assert statuses_of(page) == ["interrupted"]
    assert timers.poll == [live_results._FIRST_S, live_results._FIRST_S, None]


# --- done ---


def test_a_done_night_tells_what_happened_and_polls_no_more(timers: Timers) -> None:
    done()
    page = open_page(RUN)
    assert statuses_of(page) == ["done"]
    assert "cycle 2 of 2, in 12 s" in text_of(page)
    assert (
        "What happened. This night kept most of the old memories (75 %) and mostly learned the "
        "new ones (80 %). Between replays it trained on its own dreams of the old."
    ) in text_of(page).replace("*", "")
    assert buttons_of(page) == {"play", "run"}
    assert timers.poll == [None]


def test_every_part_that_others_rely_on_is_there_by_its_key() -> None:
    folder = done()
    page = open_page(RUN)
    for key in (*KEYS, "run"):
        assert page.get_by_key(key) is not None
    entries.add(folder.id, "tester")  # which a done night ignores
    with asleep(write(night([60], [600], whole=False), run_id=OTHER)):
        page = open_page(OTHER)
    for key in (*KEYS, "stop"):
        assert page.get_by_key(key) is not None


# --- over, and Resume ---


def test_a_stopped_night_stays_stopped_until_it_is_resumed(timers: Timers) -> None:
    folder = write([*night([60, 70], [600, 300], whole=False), NightStopped()])
    folder.stop.touch()
    page = open_page(RUN)
    assert statuses_of(page) == ["stopped"]
    assert "cycle 2 of 2" in text_of(page)
    assert "What happened." not in text_of(page)  # for the night is not over
    assert not page.error
    assert page.button(key="resume").label == "Resume"
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.poll == [None]

    page.button(key="resume").click().run()
    assert not folder.stop.exists()
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(RUN, OWNER)]
    assert statuses_of(page) == ["queued"]
    assert "after cycle 1 of 2" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll[-1] is not None


def test_a_resume_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run_id: str, *, person: str, address: str) -> None:
        raise QueueError(f"{person} has too many runs.")

    monkeypatch.setattr(jobs, "resume", refuse)
    half()
    page = open_page(RUN)
    page.button(key="resume").click().run()
    assert not page.exception
    assert "could not be resumed: visitor-" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}


def test_a_failed_night_tells_its_reason(timers: Timers) -> None:
    write([*night([60, 70], [600, 300], whole=False), NightFailed("the disk is full.")])
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "The disk is full." in text_of(page)
    assert "cycle 2 of 2" in text_of(page)
    assert len(page.error) == 1
    assert buttons_of(page) == {"play", "run", "resume"}
    assert timers.poll == [None]


def test_a_failure_that_the_runs_own_log_could_not_take_is_told_too() -> None:
    folder = half()
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


def test_a_damaged_log_is_told_in_one_sentence() -> None:
    folder = half()
    with (folder.path / "events.jsonl").open("a") as log:
        log.write("{}\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert len(page.error) == 1
    assert "events.jsonl, line" in text_of(page)
    assert {"run", "resume"} <= buttons_of(page)


def test_a_damaged_record_hides_no_night_and_leaves_it_to_the_host() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, end_fraction_rem=0.25)
    folder = write(night([60, 70], [600, 300], config, whole=False))
    folder.record_file.write_text(json.dumps({"schema": 1}))
    page = open_page(RUN)
    assert "This night: 2 cycles · REM 50 % to 25 %" in text_of(page)  # as its log tells
    assert buttons_of(page) == {"play", "run"}
    assert "only the host can resume it" in text_of(page)  # who is told what is damaged
    with pytest.raises(LogError, match=r"config\.json is damaged"):
        jobs.resume(RUN)


def test_a_run_of_which_nothing_can_be_read_is_a_page_too() -> None:
    folder = write([])
    folder.record_file.unlink()
    (folder.path / "events.jsonl").write_text("nonsense\n")
    page = open_page(RUN)
    assert statuses_of(page) == ["failed"]
    assert "run" in buttons_of(page)


def test_a_night_that_broke_off_goes_on_by_itself_or_is_resumed(
    timers: Timers,
) -> None:
    folder = half()
    page = open_page(RUN)
    assert statuses_of(page) == ["interrupted"]
    assert "broke off after cycle 1 of 2; it can be resumed" in text_of(page)
    assert buttons_of(page) == {"play", "run", "resume"}
    entries.add(folder.id, "tester")
    with register_user().lock:  # the page's own, which keeps an engine
        page.run()
    assert statuses_of(page) == ["interrupted"]
    assert "broke off after cycle 1 of 2; it goes on from there by itself" in text_of(page)
    assert buttons_of(page) == {"play", "stop"}
    assert timers.poll == [None, live_results._POLL_S]


@pytest.mark.parametrize("draw", [AppTest.run, tick])
def test_a_run_that_is_deleted_meanwhile_is_no_night_any_more(
    draw: Callable[[AppTest], object],
) -> None:
    with asleep(half()):
        page = open_page(RUN)
    entries.remove(RUN)
    jobs.delete(RUN)
    draw(page)
    assert not page.exception
    assert "There is no night at this address" in text_of(page)
    assert "run" in buttons_of(page)
    assert "run" not in address_of(page)
    page.run()
    assert "There is no night at this address" in text_of(page)  # until the next night starts


@pytest.mark.parametrize("run_id", ["..", "", ".", "a/b", f"{RUN}\n", f"../{RUN}", f"{RUN}/x"])
def test_a_name_never_leads_out_of_the_runs(run_id: str) -> None:
    half()
    assert not shown_runs.exists(run_id)
