"""`core.jobs`: where a run is, and its events as they come. No engine runs here."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest

from core import jobs
from core.jobs import Follower, Snapshot, Status
from core.queue import engine_state, entries
from core.queue.engine_state import EngineState, QueuePosition
from core.queue.engine_users import register_user
from core.queue.paths import engine_state_file, failure_file
from core.runs.events import Event
from core.runs.folder import RunFolder
from core.runs.log import LOG, RunLog
from core.runs.state import RunState, fold
from core.support.errors import LogError
from tests.conftest import plain
from tests.helpers.engines import own_outputs, wait
from tests.helpers.job_runs import BEGUN, BESIDE, LOGS, NIGHT, damage, engine, events, locked, put
from tools.sample_runs import OTHER, RUN, loaded, put_failure


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


ENGINES = {"none": None, "not ready": EngineState(), "ready": EngineState(ready=True)}
# What is there, and what it comes to; of these lines the first that fits holds.
TABLE: list[tuple[dict[str, Any], Status, bool]] = [
    ({"log": ["damaged"]}, "failed", False),
    ({"log": ["done"]}, "done", False),
    ({"asleep": [True]}, "running", True),
    ({"wanted": [True], "log": ["no log", "stopped", "failed"]}, "queued", True),
    ({"wanted": [True], "engine": ["ready"]}, "queued", True),
    ({"wanted": [True]}, "interrupted", True),
    ({"beside": [True]}, "failed", False),
    ({"log": ["stopped"]}, "stopped", False),
    ({"log": ["failed"]}, "failed", False),
    ({}, "interrupted", False),
]


def said(**there: Any) -> tuple[Status, bool]:
    """What the table says."""
    for line, status, active in TABLE:
        if all(there[what] in values for what, values in line.items()):
            return status, active
    raise AssertionError


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("served", ENGINES)
def test_a_run_is_where_its_log_its_lock_the_queue_and_the_engine_say(
    log: str, served: str
) -> None:
    folder = put(log)
    for asleep, wanted, beside in itertools.product([False, True], repeat=3):
        if wanted:
            entries.add(RUN, "somebody")
        if beside:
            put_failure(RUN, BESIDE)
        with engine(ENGINES[served]), locked(folder.lock if asleep else None):
            now = jobs.state(RUN)
        entries.remove(RUN)
        failure_file(RUN).unlink(missing_ok=True)

        there = {"log": log, "asleep": asleep, "wanted": wanted, "beside": beside}
        assert (now.status, now.active) == said(**there, engine=served), there
        assert now.wanted == (wanted and log not in ("done", "damaged")), there
        assert (now.problem is not None) == (now.status == "failed"), there
        if log != "damaged":
            assert plain(now.state) == plain(_read_state(folder))


def _read_state(folder: RunFolder) -> RunState:
    return fold(RunState(), events(folder))


def test_every_status_is_in_the_table() -> None:
    assert {status for _, status, _ in TABLE} == set(get_args(Status))


def test_a_failed_run_says_why_wherever_that_was_written() -> None:
    folder = put("failed")
    assert jobs.state(RUN).problem == "its worker died."
    put_failure(RUN, BESIDE)  # the second try's
    assert jobs.state(RUN).problem == BESIDE
    damage(folder)
    line = len(LOGS["failed"]) + 1
    assert jobs.state(RUN).problem == f"{folder.path / LOG}, line {line}: its checksum is wrong."


def test_a_waiting_run_says_when_its_turn_is() -> None:
    put("no log")
    put("stopped", OTHER)
    for run in (RUN, OTHER):
        entries.add(run, "somebody")
    assert jobs.state(RUN).place is None
    told = EngineState(ready=True, waiting=((OTHER, 3.5), (RUN, None)))
    with engine(told):
        assert jobs.state(RUN).place == QueuePosition(2, None)
        assert jobs.state(OTHER).place == QueuePosition(1, 3.5)


@pytest.mark.parametrize("log", ["no log", "begun"])
def test_a_waiting_run_says_why_there_is_no_engine(log: str) -> None:
    put(log)
    entries.add(RUN, "somebody")
    engine_state.publish(EngineState(problem="no scheduler answers there."))
    now = jobs.state(RUN)
    assert (now.problem, now.place, now.active) == ("no scheduler answers there.", None, True)


@pytest.mark.parametrize("log", ["no log", "begun"])
def test_a_wanted_run_is_served_where_an_engine_or_a_program_that_keeps_one_is(log: str) -> None:
    put(log)
    entries.add(RUN, "somebody")
    assert not jobs.state(RUN).is_served
    with register_user().lock:
        assert jobs.state(RUN).is_served
    with engine(EngineState(ready=True)):
        assert jobs.state(RUN).is_served
        os.utime(engine_state_file(), (0, 0))  # it has stopped working since
        now = jobs.state(RUN)
    assert (now.is_served, now.status) == (False, "queued" if log == "no log" else "interrupted")
    assert "has not answered" in (now.problem or "")


def test_a_follower_reads_every_event_once() -> None:
    folder = put("no log")
    follower = Follower(RUN)
    assert follower.run_id == RUN
    assert follower.update().state == RunState()
    with RunLog(folder.path) as log:
        for event in NIGHT:
            log.append(event)
            follower.update()
            assert plain([loaded(new) for new in follower.new]) == plain([event])
            assert plain(follower.update().state) == plain(_read_state(folder))
            assert follower.new == []


def test_a_run_whose_folder_vanishes_is_no_traceback() -> None:
    put("begun")
    follower = Follower(RUN)
    follower.update()
    jobs.delete(RUN)
    now = follower.update()
    assert (now.status, now.active, len(now.state.losses)) == ("interrupted", False, 1)


def test_a_run_is_followed_from_its_first_event_until_it_is_over() -> None:
    folder = put("begun")
    entries.add(RUN, "somebody")

    def sleep(seen: list[Event]) -> None:
        with locked(folder.lock), RunLog(folder.path) as log:
            entries.remove(RUN)
            for number, event in enumerate(NIGHT[len(BEGUN) :], start=len(BEGUN)):
                wait(lambda number=number: len(seen) == number)  # each comes as it is written
                log.append(event)

    seen: list[Event] = []
    with ThreadPoolExecutor(1) as pool:
        asleep = pool.submit(sleep, seen)
        wait(folder.asleep)
        for event in jobs.follow(RUN):
            seen.append(event)
        asleep.result()
    assert plain([loaded(event) for event in seen]) == plain(NIGHT)


@pytest.mark.parametrize("log", ["no log", "begun", "done", "stopped", "failed"])
def test_a_run_that_is_over_is_followed_to_its_last_event(log: str) -> None:
    folder = put(log)
    assert plain(list(jobs.follow(RUN))) == plain(events(folder))


def test_following_a_damaged_run_is_a_sentence() -> None:
    folder = put("damaged")
    with pytest.raises(LogError, match=f"line {len(BEGUN) + 1}: ") as caught:
        list(jobs.follow(RUN))
    assert str(caught.value).startswith(str(folder.path / LOG))


@pytest.mark.parametrize("log", ["begun", "stopped", "failed"])
def test_a_run_that_is_damaged_while_it_is_followed_is_a_sentence(log: str) -> None:
    folder = put(log)
    entries.add(RUN, "somebody")
    following = jobs.follow(RUN)
    seen = [next(following) for _ in LOGS[log]]
    damage(folder)
    with pytest.raises(LogError, match=f"line {len(seen) + 1}: "):
        next(following)


@pytest.mark.parametrize("log", ["no log", "begun", "stopped"])
def test_a_run_that_fails_without_room_to_say_so_is_a_sentence_to_its_followers(log: str) -> None:
    put(log)
    entries.add(RUN, "somebody")
    following = jobs.follow(RUN)
    for _ in LOGS[log]:
        next(following)
    put_failure(RUN, BESIDE)
    entries.remove(RUN)
    with pytest.raises(LogError, match=BESIDE):
        next(following)


def test_a_snapshot_is_active_while_more_is_to_come() -> None:
    active = {
        (status, wanted): Snapshot(status, RunState(), wanted).active
        for status in get_args(Status)
        for wanted in (False, True)
    }
    assert {key for key, value in active.items() if value} == {
        ("queued", False),
        ("queued", True),
        ("running", False),
        ("running", True),
        ("interrupted", True),
    }
