"""`core.jobs`: nights as jobs. No engine runs here: what it would do is done by hand."""

import errno
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.jobs import Follower
from core.queue import entries
from core.queue.estimates import reference_seconds
from core.queue.failures import read_failure
from core.runs.events import NightStopped
from core.runs.folder import find_run
from core.runs.log import LOG
from core.runs.state import RunState
from core.support.errors import ConfigError, LogError, QueueError, RunError
from tests.conftest import plain
from tests.core.runs.test_folder import ODD_IDS
from tests.helpers.engines import own_outputs
from tests.helpers.job_runs import BESIDE, CONFIG, LOGS, events, locked, put, tree
from tools.sample_runs import OTHER, RUN, put_failure


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


# --- names ---

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
def test_what_is_not_the_name_of_a_run_is_a_sentence_and_touches_nothing(
    action: str, outputs: Path
) -> None:
    folder = put("stopped")
    (folder.path / "checkpoints").mkdir()
    (outputs / "precious").write_text("precious")
    before = tree(outputs.parent)
    for odd in ODD_IDS:
        with pytest.raises(RunError, match="there is no run of that name"):
            ACTIONS[action](odd)
    assert tree(outputs.parent) == before
    assert entries.read_all() == []


def test_all_that_take_the_name_of_a_run_are_tried_with_odd_ones() -> None:
    offered = {name: getattr(jobs, name) for name in jobs.__all__}
    taking = {
        name
        for name, what in offered.items()
        if inspect.isroutine(what) and "run_id" in inspect.signature(what).parameters
    }
    assert taking | {"Follower"} == set(ACTIONS)


# --- submitting ---


def test_a_submitted_run_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    monkeypatch.setattr(jobs, "keep_engine", lambda: kept.append(True))
    run = jobs.submit(CONFIG, person="somebody", threads=2)
    assert kept == [True]
    assert jobs.runs() == [run]
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(run, "somebody")]
    record = find_run(run).record()
    assert (record.config, record.person, record.threads) == (CONFIG, "somebody", 2)
    now = jobs.state(run)
    assert (now.status, now.active, now.state) == ("queued", True, RunState())


def test_a_visitors_run_is_counted_with_its_address_and_expected_seconds() -> None:
    jobs.submit(CONFIG, person="somebody", address="203.0.113.7")
    jobs.submit(CONFIG)
    visitor, host = entries.read_all()
    assert visitor.address is not None
    assert host.address is None
    assert visitor.work == host.work == reference_seconds(CONFIG)


def test_whoever_submits_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.getpass, "getuser", lambda: "somebody")
    monkeypatch.setattr(jobs.socket, "gethostname", lambda: "here")
    assert find_run(jobs.submit(CONFIG)).record().person == "somebody@here"

    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(jobs.getpass, "getuser", nameless)
    assert find_run(jobs.submit(CONFIG)).record().person == "here"
    assert {entry.person for entry in entries.read_all()} == {"somebody@here", "here"}


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, 1025])
def test_odd_threads_are_a_sentence_before_anything_is_written(threads: Any, outputs: Path) -> None:
    with pytest.raises(ConfigError, match="threads is "):
        jobs.submit(CONFIG, threads=threads)
    assert not outputs.exists()


def test_a_run_beyond_a_limit_is_a_sentence_and_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "2")
    monkeypatch.setenv("SLEEP_MAX_QUEUED", "3")
    runs = [jobs.submit(CONFIG, person=person) for person in ("one", "one", "other")]
    with pytest.raises(QueueError, match="you have 2 runs waiting or running, and 2 is the limit"):
        jobs.submit(CONFIG, person="one")
    with pytest.raises(QueueError, match="3 is the limit for everybody"):
        jobs.submit(CONFIG, person="third")
    assert jobs.runs() == sorted(runs)
    jobs.stop(runs[0])
    jobs.submit(CONFIG, person="one")


@pytest.mark.parametrize("limit", ["0", "none"])
def test_a_limit_that_is_no_number_is_a_sentence_and_no_run(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED", limit)
    with pytest.raises(ConfigError, match="SLEEP_MAX_QUEUED is "):
        jobs.submit(CONFIG)
    assert jobs.runs() == []


@pytest.mark.parametrize("where", ["jobs.keep_engine", "jobs.new_run", "entries.write_json"])
def test_a_run_that_cannot_be_asked_for_leaves_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    module, name = where.split(".")
    monkeypatch.setattr({"jobs": jobs, "entries": entries}[module], name, full)
    with pytest.raises(OSError, match="No space left"):
        jobs.submit(CONFIG)
    assert jobs.runs() == []
    assert entries.read_all() == []


# --- stopping ---


@pytest.mark.parametrize("log", ["no log", "pre-training", "begun", "resumed"])
def test_a_waiting_or_interrupted_run_stops_at_once(log: str) -> None:
    folder = put(log)
    entries.add(RUN, "somebody")
    jobs.stop(RUN)
    now = jobs.state(RUN)
    assert (now.status, now.active, now.wanted) == ("stopped", False, False)
    assert plain(events(folder)[-1]) == plain(NightStopped())
    assert len(events(folder)) == len(LOGS[log]) + 1
    assert not folder.asleep()


@pytest.mark.parametrize("log", ["stopped", "failed"])
def test_a_run_that_waits_to_be_tried_again_goes_back_to_how_it_ended(log: str) -> None:
    folder = put(log)
    entries.add(RUN, "somebody")
    jobs.stop(RUN)
    assert (jobs.state(RUN).status, entries.contains(RUN)) == (log, False)
    assert len(events(folder)) == len(LOGS[log])


def test_a_run_asleep_is_asked_to_stop_and_says_so_itself() -> None:
    folder = put("begun")
    entries.add(RUN, "somebody")
    before = (folder.path / LOG).read_bytes()
    with locked(folder.lock):
        jobs.stop(RUN)
        assert folder.stop.exists()
        assert (jobs.state(RUN).status, entries.contains(RUN)) == ("running", True)
    assert (folder.path / LOG).read_bytes() == before


@pytest.mark.parametrize("log", ["begun", "done", "stopped", "failed", "damaged"])
def test_a_run_that_is_over_stays_as_it_is(log: str, outputs: Path) -> None:
    put(log)
    before, status = tree(outputs), jobs.state(RUN).status
    jobs.stop(RUN)
    assert tree(outputs) == before
    assert jobs.state(RUN).status == status


@pytest.mark.parametrize("log", ["damaged", "done"])
def test_a_run_that_waits_for_nothing_can_be_stopped_and_then_deleted(log: str) -> None:
    # Its engine was killed before it could take it out of the queue.
    put(log)
    entries.add(RUN, "somebody")
    jobs.stop(RUN)
    assert not entries.contains(RUN)
    jobs.delete(RUN)
    assert jobs.runs() == []


def test_a_damaged_run_that_is_asleep_is_asked_to_stop() -> None:
    folder = put("damaged")
    with locked(folder.lock):
        jobs.stop(RUN)
    assert folder.stop.exists()


# --- resuming ---


@pytest.mark.parametrize("log", ["no log", "pre-training", "begun", "stopped", "failed", "resumed"])
def test_the_rest_of_a_night_waits_for_its_turn_again(log: str) -> None:
    folder = put(log)
    folder.stop.touch()
    put_failure(RUN, BESIDE)
    jobs.resume(RUN, person="somebody")
    assert [(entry.run, entry.person) for entry in entries.read_all()] == [(RUN, "somebody")]
    assert not folder.stop.exists()
    assert read_failure(RUN) is None
    assert jobs.state(RUN).active
    assert len(events(folder)) == len(LOGS[log])


def test_a_night_that_is_done_has_no_rest() -> None:
    put("done")
    with pytest.raises(RunError) as caught:
        jobs.resume(RUN)
    assert str(caught.value) == f"run {RUN} is done; there is nothing left of its night."
    assert entries.read_all() == []


def test_a_run_that_waits_or_sleeps_needs_no_resuming() -> None:
    folder = put("begun")
    entry = entries.add(RUN, "somebody")
    for person in (None, "somebody"):
        jobs.resume(RUN, person=person)
        assert entries.read_all() == [entry]
    entries.remove(RUN)
    with locked(folder.lock):
        jobs.resume(RUN)
    assert entries.read_all() == []


@pytest.mark.parametrize("file", [LOG, "config.json"])
def test_a_damaged_run_cannot_be_resumed_and_says_why(file: str) -> None:
    folder = put("stopped")
    content = (folder.path / file).read_bytes()
    (folder.path / file).write_bytes(content[:40] + b"!" + content[41:])
    with pytest.raises(LogError) as caught:
        jobs.resume(RUN)
    assert str(caught.value).startswith(str(folder.path / file))
    assert entries.read_all() == []


def test_a_run_whose_person_has_too_many_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "1")
    put("stopped")
    put("failed", OTHER)
    put_failure(OTHER, BESIDE)
    jobs.resume(RUN, person="somebody")
    with pytest.raises(QueueError, match="1 is the limit for one person"):
        jobs.resume(OTHER, person="somebody")
    assert jobs.runs() == [RUN, OTHER]
    now = jobs.state(OTHER)
    assert (now.status, now.problem) == ("failed", BESIDE)


def test_only_the_cycles_that_are_left_count_as_work_of_a_resumed_run() -> None:
    put("stopped")
    left = 1 - jobs.state(RUN).state.progress
    assert 0 < left < 1
    jobs.resume(RUN, person="somebody", address="203.0.113.7")
    (entry,) = entries.read_all()
    assert entry.work == pytest.approx(left * reference_seconds(CONFIG))
    assert entry.address is not None


# --- owners ---

OWNED: dict[str, Callable[..., object]] = {
    "stop": jobs.stop,
    "resume": jobs.resume,
    "delete": jobs.delete,
}


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("verb", OWNED)
def test_another_visitor_can_neither_stop_nor_resume_nor_delete_a_run(
    verb: str, log: str, outputs: Path
) -> None:
    put(log)
    entries.add(RUN, "somebody")
    before = tree(outputs)
    for other in ("somebody else", "", "SOMEBODY", "somebody\n"):
        with pytest.raises(RunError) as caught:
            OWNED[verb](RUN, person=other)
        assert str(caught.value) == (
            f"run {RUN} is not yours to {verb}; only the visitor who started it and the host's "
            f"command line can {verb} it."
        )
    assert tree(outputs) == before


@pytest.mark.parametrize("person", [None, "somebody"])
def test_the_owner_and_the_host_can_stop_resume_and_delete_a_run(person: str | None) -> None:
    put("begun")
    entries.add(RUN, "somebody")
    jobs.stop(RUN, person=person)
    assert jobs.state(RUN).status == "stopped"
    jobs.resume(RUN, person=person)
    assert [entry.person for entry in entries.read_all()] == [person or jobs.current_user()]
    jobs.stop(RUN, person=person)
    jobs.delete(RUN, person=person)
    assert jobs.runs() == []


@pytest.mark.parametrize("verb", OWNED)
@pytest.mark.parametrize("record", [None, "", "{}", '{"person": "somebody"}'])
def test_a_run_with_a_damaged_record_belongs_to_the_host_alone(
    record: str | None, verb: str
) -> None:
    folder = put("begun")
    entries.add(RUN, "somebody")
    if record is None:
        folder.record_file.unlink()
    else:
        folder.record_file.write_text(record)
    with pytest.raises(RunError, match="only the visitor who started it and the host's"):
        OWNED[verb](RUN, person="somebody")
    assert entries.contains(RUN)
    jobs.stop(RUN)
    jobs.delete(RUN)
    assert jobs.runs() == []


# --- deleting ---


@pytest.mark.parametrize("log", LOGS)
def test_a_run_that_is_over_can_be_deleted(log: str, outputs: Path) -> None:
    put(log)
    other = put("stopped", OTHER)
    put_failure(RUN, BESIDE)
    before = tree(other.path)
    jobs.delete(RUN)
    assert jobs.runs() == [OTHER]
    assert read_failure(RUN) is None
    assert tree(outputs) == before
    with pytest.raises(RunError, match="there is no run of that name"):
        jobs.delete(RUN)


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("asleep", [False, True])
def test_a_run_that_waits_or_sleeps_cannot_be_deleted(
    log: str, asleep: bool, outputs: Path
) -> None:
    folder = put(log)
    if not asleep:
        entries.add(RUN, "somebody")
    before = tree(outputs)
    with locked(folder.lock if asleep else None), pytest.raises(RunError) as caught:
        jobs.delete(RUN)
    assert str(caught.value) == f"run {RUN} is waiting or running; stop it first."
    assert tree(outputs) == before
    assert not folder.asleep()  # the attempt keeps nobody from sleeping it
