"""`core.jobs.client`: submit, stop, resume and delete runs. No engine runs in these tests."""

import errno
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core import jobs
from core.jobs import Follower, client
from core.queue import entries
from core.queue.estimates import reference_seconds
from core.queue.failures import read_failure
from core.queue.problems import ProblemCode
from core.runs.events import NightStopped
from core.runs.folder import find_run
from core.runs.log import LOG
from core.runs.state import RunState
from core.support.errors import ConfigError, LogError, QueueError, RunError
from tests.conftest import comparable
from tests.core.runs.test_folder import INVALID_IDS
from tests.helpers.engines import use_outputs_folder
from tests.helpers.job_runs import (
    CONFIG,
    LOGS,
    UNLOGGED_FAILURE,
    file_contents,
    locked,
    read_events,
    write_run,
)
from tools.sample_runs import OTHER_RUN, RUN, write_failure_file


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


# --- run ids ---

ACTIONS: dict[str, Callable[[Any], object]] = {
    "state": jobs.state,
    "unfinished": jobs.unfinished,
    "stop": jobs.stop,
    "resume": jobs.resume,
    "follow": jobs.follow,
    "delete": jobs.delete,
    "Follower": Follower,
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_invalid_run_id_is_an_error_and_changes_nothing(action: str, outputs: Path) -> None:
    folder = write_run("stopped")
    (folder.path / "checkpoints").mkdir()
    (outputs / "precious").write_text("precious")
    contents = file_contents(outputs.parent)
    for run_id in INVALID_IDS:
        with pytest.raises(RunError, match="there is no run of that name"):
            ACTIONS[action](run_id)
    assert file_contents(outputs.parent) == contents
    assert entries.read_all() == []


def test_every_public_function_with_a_run_id_is_tested_with_invalid_ids() -> None:
    public = {name: getattr(jobs, name) for name in jobs.__all__}
    with_run_id = {
        name
        for name, value in public.items()
        if inspect.isroutine(value) and "run_id" in inspect.signature(value).parameters
    }
    assert with_run_id | {"Follower"} == set(ACTIONS)


# --- submitting ---


def test_a_submitted_run_is_queued_and_an_engine_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(client, "keep_engine", lambda: calls.append(True))
    run = jobs.submit(CONFIG, person="alice", threads=2)
    assert calls == [True]
    assert jobs.runs() == [run]
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(run, "alice")]
    record = find_run(run).record()
    assert (record.config, record.person, record.threads) == (CONFIG, "alice", 2)
    now = jobs.state(run)
    assert (now.status, now.active, now.state) == ("queued", True, RunState())


def test_a_queue_entry_contains_address_and_expected_seconds() -> None:
    jobs.submit(CONFIG, person="alice", address="203.0.113.7")
    jobs.submit(CONFIG)
    visitor, host = entries.read_all()
    assert visitor.address is not None
    assert host.address is None
    assert visitor.reference_seconds == host.reference_seconds == reference_seconds(CONFIG)


def test_the_default_person_is_the_user_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.getpass, "getuser", lambda: "alice")
    monkeypatch.setattr(client.socket, "gethostname", lambda: "host")
    assert find_run(jobs.submit(CONFIG)).record().person == "alice@host"

    def raise_key_error() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(client.getpass, "getuser", raise_key_error)
    assert find_run(jobs.submit(CONFIG)).record().person == "host"
    assert {entry.person for entry in entries.read_all()} == {"alice@host", "host"}


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, 1025])
def test_invalid_threads_are_an_error_before_anything_is_written(
    threads: Any, outputs: Path
) -> None:
    with pytest.raises(ConfigError, match="threads is "):
        jobs.submit(CONFIG, threads=threads)
    assert not outputs.exists()


def test_a_run_beyond_a_limit_is_not_created(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "2")
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "3")
    runs = [jobs.submit(CONFIG, person=person) for person in ("alice", "alice", "bob")]
    with pytest.raises(QueueError, match="you have 2 runs waiting or running, and 2 is the limit"):
        jobs.submit(CONFIG, person="alice")
    with pytest.raises(QueueError, match="3 is the limit for everybody"):
        jobs.submit(CONFIG, person="carol")
    assert jobs.runs() == sorted(runs)
    jobs.stop(runs[0])
    jobs.submit(CONFIG, person="alice")


@pytest.mark.parametrize("limit", ["0", "none"])
def test_no_run_is_created_while_a_limit_is_invalid(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", limit)
    with pytest.raises(ConfigError, match="SLEEP_MAX_QUEUED is "):
        jobs.submit(CONFIG)
    assert jobs.runs() == []


@pytest.mark.parametrize(
    ("module", "function"),
    [(client, "keep_engine"), (client, "new_run"), (entries, "write_json")],
)
def test_a_submission_that_fails_leaves_no_files(
    module: ModuleType, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_disk_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, function, raise_disk_full)
    with pytest.raises(OSError, match="No space left"):
        jobs.submit(CONFIG)
    assert jobs.runs() == []
    assert entries.read_all() == []


# --- stopping ---


@pytest.mark.parametrize("log", ["no log", "pre-training", "started", "resumed"])
def test_a_queued_or_interrupted_run_stops_at_once(log: str) -> None:
    folder = write_run(log)
    entries.add(RUN, "alice")
    jobs.stop(RUN)
    now = jobs.state(RUN)
    assert (now.status, now.active, now.in_queue) == ("stopped", False, False)
    assert comparable(read_events(folder)[-1]) == comparable(NightStopped())
    assert len(read_events(folder)) == len(LOGS[log]) + 1
    assert not folder.is_running()


@pytest.mark.parametrize("log", ["stopped", "failed"])
def test_stopping_a_resumed_run_before_it_starts_restores_its_status(log: str) -> None:
    folder = write_run(log)
    entries.add(RUN, "alice")
    jobs.stop(RUN)
    assert (jobs.state(RUN).status, entries.contains(RUN)) == (log, False)
    assert len(read_events(folder)) == len(LOGS[log])


def test_stopping_a_running_run_writes_the_stop_marker_and_not_to_its_log() -> None:
    folder = write_run("started")
    entries.add(RUN, "alice")
    log = (folder.path / LOG).read_bytes()
    with locked(folder.lock):
        jobs.stop(RUN)
        assert folder.stop.exists()
        assert (jobs.state(RUN).status, entries.contains(RUN)) == ("running", True)
    assert (folder.path / LOG).read_bytes() == log


@pytest.mark.parametrize("log", ["started", "done", "stopped", "failed", "damaged"])
def test_stopping_a_run_that_has_ended_changes_nothing(log: str, outputs: Path) -> None:
    write_run(log)
    contents, status = file_contents(outputs), jobs.state(RUN).status
    jobs.stop(RUN)
    assert file_contents(outputs) == contents
    assert jobs.state(RUN).status == status


@pytest.mark.parametrize("log", ["damaged", "done"])
def test_an_ended_run_that_is_still_in_the_queue_can_be_stopped_and_deleted(log: str) -> None:
    # The engine was killed before it removed the run from the queue.
    write_run(log)
    entries.add(RUN, "alice")
    jobs.stop(RUN)
    assert not entries.contains(RUN)
    jobs.delete(RUN)
    assert jobs.runs() == []


def test_stopping_a_running_run_with_a_damaged_log_writes_the_stop_marker() -> None:
    folder = write_run("damaged")
    with locked(folder.lock):
        jobs.stop(RUN)
    assert folder.stop.exists()


# --- resuming ---


@pytest.mark.parametrize(
    "log", ["no log", "pre-training", "started", "stopped", "failed", "resumed"]
)
def test_a_resumed_run_is_in_the_queue_and_its_log_is_unchanged(log: str) -> None:
    folder = write_run(log)
    folder.stop.touch()
    write_failure_file(RUN, UNLOGGED_FAILURE)
    jobs.resume(RUN, person="alice")
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(RUN, "alice")]
    assert not folder.stop.exists()
    assert read_failure(RUN) is None
    assert jobs.state(RUN).active
    assert len(read_events(folder)) == len(LOGS[log])


def test_a_run_that_is_done_cannot_be_resumed() -> None:
    write_run("done")
    with pytest.raises(RunError) as caught:
        jobs.resume(RUN)
    assert str(caught.value) == f"run {RUN} is done; there is nothing left of its night."
    assert entries.read_all() == []


def test_resuming_a_queued_or_running_run_changes_nothing() -> None:
    folder = write_run("started")
    entry = entries.add(RUN, "alice")
    for person in (None, "alice"):
        jobs.resume(RUN, person=person)
        assert entries.read_all() == [entry]
    entries.remove(RUN)
    with locked(folder.lock):
        jobs.resume(RUN)
    assert entries.read_all() == []


@pytest.mark.parametrize("file", [LOG, "config.json"])
def test_the_error_for_resuming_a_damaged_run_names_the_file(file: str) -> None:
    folder = write_run("stopped")
    content = (folder.path / file).read_bytes()
    (folder.path / file).write_bytes(content[:40] + b"!" + content[41:])
    with pytest.raises(LogError) as caught:
        jobs.resume(RUN)
    assert str(caught.value).startswith(str(folder.path / file))
    assert entries.read_all() == []


def test_resuming_beyond_the_limit_per_person_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "1")
    write_run("stopped")
    write_run("failed", OTHER_RUN)
    write_failure_file(OTHER_RUN, UNLOGGED_FAILURE)
    jobs.resume(RUN, person="alice")
    with pytest.raises(QueueError, match="1 is the limit for one person"):
        jobs.resume(OTHER_RUN, person="alice")
    assert jobs.runs() == [RUN, OTHER_RUN]
    now = jobs.state(OTHER_RUN)
    assert (now.status, str(now.problem)) == ("failed", UNLOGGED_FAILURE)
    assert now.problem is not None
    assert now.problem.code is ProblemCode.RUN_FAILED_UNLOGGED


def test_the_expected_seconds_of_a_resumed_run_are_those_of_its_remaining_cycles() -> None:
    write_run("stopped")
    remaining = 1 - jobs.state(RUN).state.progress
    assert 0 < remaining < 1
    jobs.resume(RUN, person="alice", address="203.0.113.7")
    (entry,) = entries.read_all()
    assert entry.reference_seconds == pytest.approx(remaining * reference_seconds(CONFIG))
    assert entry.address is not None


# --- deleting ---


@pytest.mark.parametrize("log", LOGS)
def test_a_run_that_has_ended_can_be_deleted(log: str, outputs: Path) -> None:
    write_run(log)
    other = write_run("stopped", OTHER_RUN)
    write_failure_file(RUN, UNLOGGED_FAILURE)
    contents = file_contents(other.path)
    jobs.delete(RUN)
    assert jobs.runs() == [OTHER_RUN]
    assert read_failure(RUN) is None
    assert file_contents(outputs) == contents
    with pytest.raises(RunError, match="there is no run of that name"):
        jobs.delete(RUN)


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("is_running", [False, True])
def test_a_queued_or_running_run_cannot_be_deleted(
    log: str, is_running: bool, outputs: Path
) -> None:
    folder = write_run(log)
    if not is_running:
        entries.add(RUN, "alice")
    contents = file_contents(outputs)
    with locked(folder.lock if is_running else None), pytest.raises(RunError) as caught:
        jobs.delete(RUN)
    assert str(caught.value) == f"run {RUN} is waiting or running; stop it first."
    assert file_contents(outputs) == contents
    assert not folder.is_running()  # the attempt has released the run's lock
