"""`core.jobs.follower`: the state of a run, and its events as they are written. No engine runs."""

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
from core.queue.problems import Problem, ProblemCode
from core.runs.events import Event
from core.runs.folder import RunFolder
from core.runs.log import LOG, RunLog
from core.runs.state import RunState, fold
from core.support.errors import LogError
from tests.conftest import comparable
from tests.helpers.engines import use_outputs_folder, wait_until
from tests.helpers.job_runs import (
    LOGS,
    NIGHT,
    STARTED,
    UNLOGGED_FAILURE,
    damage_log,
    engine,
    locked,
    read_events,
    write_run,
)
from tools.sample_runs import OTHER_RUN, RUN, load_arrays, write_failure_file


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


ENGINES = {"none": None, "not ready": EngineState(), "ready": EngineState(ready=True)}
# Conditions, and the expected status and `active`. The first line whose conditions hold counts.
EXPECTED: list[tuple[dict[str, Any], Status, bool]] = [
    ({"log": ["damaged"]}, "failed", False),
    ({"log": ["done"]}, "done", False),
    ({"locked": [True]}, "running", True),
    ({"in_queue": [True], "log": ["no log", "stopped", "failed"]}, "queued", True),
    ({"in_queue": [True], "engine": ["ready"]}, "queued", True),
    ({"in_queue": [True]}, "interrupted", True),
    ({"unlogged failure": [True]}, "failed", False),
    ({"log": ["stopped"]}, "stopped", False),
    ({"log": ["failed"]}, "failed", False),
    ({}, "interrupted", False),
]


def expected(conditions: dict[str, Any]) -> tuple[Status, bool]:
    """Return the status and `active` that `EXPECTED` contains for ``conditions``."""
    for line, status, active in EXPECTED:
        if all(conditions[name] in values for name, values in line.items()):
            return status, active
    raise AssertionError


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_status_follows_from_log_lock_queue_and_engine(log: str, engine_name: str) -> None:
    folder = write_run(log)
    for is_locked, in_queue, unlogged in itertools.product([False, True], repeat=3):
        if in_queue:
            entries.add(RUN, "alice")
        if unlogged:
            write_failure_file(RUN, UNLOGGED_FAILURE)
        with engine(ENGINES[engine_name]), locked(folder.lock if is_locked else None):
            now = jobs.state(RUN)
        entries.remove(RUN)
        failure_file(RUN).unlink(missing_ok=True)

        conditions = {
            "log": log,
            "locked": is_locked,
            "in_queue": in_queue,
            "unlogged failure": unlogged,
            "engine": engine_name,
        }
        assert (now.status, now.active) == expected(conditions), conditions
        assert now.in_queue == (in_queue and log not in ("done", "damaged")), conditions
        assert (now.problem is not None) == (now.status == "failed"), conditions
        if log != "damaged":
            assert comparable(now.state) == comparable(read_state(folder))


def read_state(folder: RunFolder) -> RunState:
    return fold(RunState(), read_events(folder))


def test_every_status_is_expected_somewhere() -> None:
    assert {status for _, status, _ in EXPECTED} == set(get_args(Status))


def test_the_problem_of_a_failed_run_is_the_newest_one_wherever_it_is_stored() -> None:
    folder = write_run("failed")
    run = {"run": RUN}
    logged = Problem(ProblemCode.RUN_FAILED, run | {"reason": "its worker died."})
    assert jobs.state(RUN).problem == logged
    write_failure_file(RUN, UNLOGGED_FAILURE)  # of a second attempt
    unlogged = Problem(ProblemCode.RUN_FAILED_UNLOGGED, run | {"reason": UNLOGGED_FAILURE})
    assert jobs.state(RUN).problem == unlogged
    damage_log(folder)
    line = len(LOGS["failed"]) + 1
    reason = f"{folder.path / LOG}, line {line}: its checksum is wrong."
    assert jobs.state(RUN).problem == Problem(ProblemCode.LOG_DAMAGED, run | {"reason": reason})
    assert str(jobs.state(RUN).problem) == reason


def test_a_run_whose_folder_cannot_be_read_has_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    write_run("started")
    follower = Follower(RUN)

    def refuse(run_id: str) -> bool:
        raise PermissionError(13, "Permission denied", run_id)

    monkeypatch.setattr(entries, "contains", refuse)
    now = follower.update()
    assert now.status == "failed"
    assert now.problem is not None
    assert now.problem.code is ProblemCode.FILES_UNREADABLE
    assert str(now.problem) == f"the files of run {RUN} cannot be read (Permission denied)."


def test_a_queued_run_has_the_position_that_the_engine_published() -> None:
    write_run("no log")
    write_run("stopped", OTHER_RUN)
    for run in (RUN, OTHER_RUN):
        entries.add(run, "alice")
    assert jobs.state(RUN).position is None
    state = EngineState(ready=True, waiting=((OTHER_RUN, 3.5), (RUN, None)))
    with engine(state):
        assert jobs.state(RUN).position == QueuePosition(2, None)
        assert jobs.state(OTHER_RUN).position == QueuePosition(1, 3.5)


@pytest.mark.parametrize("log", ["no log", "started"])
def test_a_queued_run_has_the_problem_of_the_engine(log: str) -> None:
    write_run(log)
    entries.add(RUN, "alice")
    problem = Problem(ProblemCode.ENGINE_FAILED, {"reason": "no scheduler answers there."})
    engine_state.publish(EngineState(problem=problem))
    now = jobs.state(RUN)
    assert (now.problem, now.position, now.active) == (problem, None, True)


@pytest.mark.parametrize("log", ["no log", "started"])
def test_a_queued_run_is_served_if_an_engine_works_or_a_program_starts_one(log: str) -> None:
    write_run(log)
    entries.add(RUN, "alice")
    assert not jobs.state(RUN).is_served
    with register_user().lock:
        assert jobs.state(RUN).is_served
    with engine(EngineState(ready=True)):
        assert jobs.state(RUN).is_served
        os.utime(engine_state_file(), (0, 0))  # the engine does not respond any more
        now = jobs.state(RUN)
    assert (now.is_served, now.status) == (False, "queued" if log == "no log" else "interrupted")
    assert now.problem is not None
    assert now.problem.code is ProblemCode.ENGINE_START_SILENT
    assert "has not answered" in now.problem.sentence


def test_a_follower_reads_every_event_once() -> None:
    folder = write_run("no log")
    follower = Follower(RUN)
    assert follower.run_id == RUN
    assert follower.update().state == RunState()
    with RunLog(folder.path) as log:
        for event in NIGHT:
            log.append(event)
            follower.update()
            assert comparable([load_arrays(new) for new in follower.new_events]) == comparable(
                [event]
            )
            assert comparable(follower.update().state) == comparable(read_state(folder))
            assert follower.new_events == []


def test_a_run_that_is_deleted_while_it_is_followed_is_interrupted() -> None:
    write_run("started")
    follower = Follower(RUN)
    follower.update()
    jobs.delete(RUN)
    now = follower.update()
    assert (now.status, now.active, len(now.state.losses)) == ("interrupted", False, 1)


def test_follow_yields_each_event_when_it_is_written_until_the_run_has_ended() -> None:
    folder = write_run("started")
    entries.add(RUN, "alice")

    def write_the_rest(received: list[Event]) -> None:
        with locked(folder.lock), RunLog(folder.path) as log:
            entries.remove(RUN)
            for number, event in enumerate(NIGHT[len(STARTED) :], start=len(STARTED)):
                wait_until(lambda number=number: len(received) == number)
                log.append(event)

    received: list[Event] = []
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_the_rest, received)
        wait_until(folder.is_running)
        for event in jobs.follow(RUN):
            received.append(event)
        writer.result()
    assert comparable([load_arrays(event) for event in received]) == comparable(NIGHT)


@pytest.mark.parametrize("log", ["no log", "started", "done", "stopped", "failed"])
def test_follow_yields_all_events_of_a_run_that_has_ended(log: str) -> None:
    folder = write_run(log)
    assert comparable(list(jobs.follow(RUN))) == comparable(read_events(folder))


def test_following_a_run_with_a_damaged_log_is_an_error() -> None:
    folder = write_run("damaged")
    with pytest.raises(LogError, match=f"line {len(STARTED) + 1}: ") as caught:
        list(jobs.follow(RUN))
    assert str(caught.value).startswith(str(folder.path / LOG))


@pytest.mark.parametrize("log", ["started", "stopped", "failed"])
def test_damage_to_the_log_of_a_followed_run_is_an_error(log: str) -> None:
    folder = write_run(log)
    entries.add(RUN, "alice")
    following = jobs.follow(RUN)
    received = [next(following) for _ in LOGS[log]]
    damage_log(folder)
    with pytest.raises(LogError, match=f"line {len(received) + 1}: "):
        next(following)


@pytest.mark.parametrize("log", ["no log", "started", "stopped", "failed"])
def test_a_failure_that_is_not_in_the_log_is_an_error_for_followers(log: str) -> None:
    write_run(log)
    entries.add(RUN, "alice")
    following = jobs.follow(RUN)
    for _ in LOGS[log]:
        next(following)
    write_failure_file(RUN, UNLOGGED_FAILURE)
    entries.remove(RUN)
    with pytest.raises(LogError, match=UNLOGGED_FAILURE):
        next(following)


def test_a_snapshot_is_active_if_the_run_is_running_or_will_run() -> None:
    active = {
        (status, in_queue): Snapshot(status, RunState(), in_queue).active
        for status in get_args(Status)
        for in_queue in (False, True)
    }
    assert {key for key, value in active.items() if value} == {
        ("queued", False),
        ("queued", True),
        ("running", False),
        ("running", True),
        ("interrupted", True),
    }
