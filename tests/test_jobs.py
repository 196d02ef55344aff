"""`core.jobs`: nights as jobs. No engine runs here: what it would do is done by hand."""

import errno
import inspect
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from core import jobs
from core.config import RunConfig
from core.engine import queue, state
from core.engine.failures import failure
from core.engine.places import engine_lock, failure_of
from core.engine.state import EngineState, Place
from core.errors import ConfigError, LogError, QueueError, RunError
from core.events import Event, NightFailed, NightResumed, NightStopped
from core.files import write_text
from core.jobs import Follower, Snapshot, Status
from core.replay import RunState, fold
from core.store import LOG, RunLog, RunReader
from core.store.folder import RunFolder, find_run
from core.store.locks import acquire
from tests.conftest import plain
from tests.engines import own_outputs, wait
from tests.kept_runs import OTHER, RUN, loaded, made_night, put_run
from tests.test_store_folder import ODD_IDS

CONFIG = RunConfig(num_cycles=2, total_eps=4, num=2)
NIGHT = made_night(CONFIG, pretraining=2)
BEGUN = NIGHT[:9]
BESIDE = "the disk is full."
LOGS: dict[str, list[Event]] = {
    "no log": [],
    "pre-training": NIGHT[:1],
    "begun": BEGUN,
    "done": NIGHT,
    "stopped": [*BEGUN, NightStopped()],
    "failed": [*BEGUN, NightFailed("its worker died.")],
    "resumed": [*BEGUN, NightStopped(), NightResumed(0, {})],
    "damaged": BEGUN,
}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def put(log: str, run_id: str = RUN) -> RunFolder:
    """A run whose log is as `LOGS` says."""
    folder = put_run(run_id, LOGS[log])
    if log == "damaged":
        damage(folder)
    return folder


def damage(folder: RunFolder) -> None:
    with (folder.path / LOG).open("ab") as file:
        file.write(b"{}\n")


def events(folder: RunFolder) -> list[Event]:
    return RunReader(folder.path).read()


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder but locks, which those who ask for one may make."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path): path.read_bytes() for path in files}


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """As if a process that is at work held the lock on ``path``; None for no lock."""
    if path is None:
        yield
        return
    lock = acquire(path)
    assert lock is not None
    with lock:
        yield


@contextmanager
def engine(told: EngineState | None) -> Iterator[None]:
    """As if an engine were there and had told this; None for none."""
    if told is None:
        yield
        return
    state.publish(told)
    with locked(engine_lock()):
        yield


# --- where a run is ---

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
            queue.put(RUN, "somebody")
        if beside:
            write_text(failure_of(RUN), BESIDE)
        with engine(ENGINES[served]), locked(folder.lock if asleep else None):
            now = jobs.state(RUN)
        queue.take_out(RUN)
        failure_of(RUN).unlink(missing_ok=True)

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
    write_text(failure_of(RUN), BESIDE)  # the second try's
    assert jobs.state(RUN).problem == BESIDE
    damage(folder)
    line = len(LOGS["failed"]) + 1
    assert jobs.state(RUN).problem == f"{folder.path / LOG}, line {line}: its checksum is wrong."


def test_a_waiting_run_says_when_its_turn_is() -> None:
    put("no log")
    put("stopped", OTHER)
    for run in (RUN, OTHER):
        queue.put(run, "somebody")
    assert jobs.state(RUN).place is None
    told = EngineState(ready=True, waiting=((OTHER, 3.5), (RUN, None)))
    with engine(told):
        assert jobs.state(RUN).place == Place(2, None)
        assert jobs.state(OTHER).place == Place(1, 3.5)


@pytest.mark.parametrize("log", ["no log", "begun"])
def test_a_waiting_run_says_why_there_is_no_engine(log: str) -> None:
    put(log)
    queue.put(RUN, "somebody")
    state.publish(EngineState(problem="no scheduler answers there."))
    now = jobs.state(RUN)
    assert (now.problem, now.place, now.active) == ("no scheduler answers there.", None, True)


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
    assert queue.entries() == []


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
    assert [(entry.run, entry.person) for entry in queue.entries()] == [(run, "somebody")]
    record = find_run(run).record()
    assert (record.config, record.person, record.threads) == (CONFIG, "somebody", 2)
    now = jobs.state(run)
    assert (now.status, now.active, now.state) == ("queued", True, RunState())


def test_whoever_submits_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.getpass, "getuser", lambda: "somebody")
    monkeypatch.setattr(jobs.socket, "gethostname", lambda: "here")
    assert find_run(jobs.submit(CONFIG)).record().person == "somebody@here"

    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(jobs.getpass, "getuser", nameless)
    assert find_run(jobs.submit(CONFIG)).record().person == "here"
    assert {entry.person for entry in queue.entries()} == {"somebody@here", "here"}


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


@pytest.mark.parametrize("where", ["jobs.keep_engine", "jobs.new_run", "queue.write_json"])
def test_a_run_that_cannot_be_asked_for_leaves_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    module, name = where.split(".")
    monkeypatch.setattr({"jobs": jobs, "queue": queue}[module], name, full)
    with pytest.raises(OSError, match="No space left"):
        jobs.submit(CONFIG)
    assert jobs.runs() == []
    assert queue.entries() == []


# --- stopping ---


@pytest.mark.parametrize("log", ["no log", "pre-training", "begun", "resumed"])
def test_a_waiting_or_interrupted_run_stops_at_once(log: str) -> None:
    folder = put(log)
    queue.put(RUN, "somebody")
    jobs.stop(RUN)
    now = jobs.state(RUN)
    assert (now.status, now.active, now.wanted) == ("stopped", False, False)
    assert plain(events(folder)[-1]) == plain(NightStopped())
    assert len(events(folder)) == len(LOGS[log]) + 1
    assert not folder.asleep()


@pytest.mark.parametrize("log", ["stopped", "failed"])
def test_a_run_that_waits_to_be_tried_again_goes_back_to_how_it_ended(log: str) -> None:
    folder = put(log)
    queue.put(RUN, "somebody")
    jobs.stop(RUN)
    assert (jobs.state(RUN).status, queue.wanted(RUN)) == (log, False)
    assert len(events(folder)) == len(LOGS[log])


def test_a_run_asleep_is_asked_to_stop_and_says_so_itself() -> None:
    folder = put("begun")
    queue.put(RUN, "somebody")
    before = (folder.path / LOG).read_bytes()
    with locked(folder.lock):
        jobs.stop(RUN)
        assert folder.stop.exists()
        assert (jobs.state(RUN).status, queue.wanted(RUN)) == ("running", True)
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
    queue.put(RUN, "somebody")
    jobs.stop(RUN)
    assert not queue.wanted(RUN)
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
    write_text(failure_of(RUN), BESIDE)
    jobs.resume(RUN, person="somebody else")
    assert [(entry.run, entry.person) for entry in queue.entries()] == [(RUN, "somebody else")]
    assert not folder.stop.exists()
    assert failure(RUN) is None
    assert jobs.state(RUN).active
    assert len(events(folder)) == len(LOGS[log])


def test_a_night_that_is_done_has_no_rest() -> None:
    put("done")
    with pytest.raises(RunError) as caught:
        jobs.resume(RUN)
    assert str(caught.value) == f"run {RUN} is done; there is nothing left of its night."
    assert queue.entries() == []


def test_a_run_that_waits_or_sleeps_needs_no_resuming() -> None:
    folder = put("begun")
    entry = queue.put(RUN, "somebody")
    jobs.resume(RUN, person="somebody else")
    assert queue.entries() == [entry]
    queue.take_out(RUN)
    with locked(folder.lock):
        jobs.resume(RUN)
    assert queue.entries() == []


@pytest.mark.parametrize("file", [LOG, "config.json"])
def test_a_damaged_run_cannot_be_resumed_and_says_why(file: str) -> None:
    folder = put("stopped")
    content = (folder.path / file).read_bytes()
    (folder.path / file).write_bytes(content[:40] + b"!" + content[41:])
    with pytest.raises(LogError) as caught:
        jobs.resume(RUN)
    assert str(caught.value).startswith(str(folder.path / file))
    assert queue.entries() == []


def test_a_run_whose_person_has_too_many_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", "1")
    put("stopped")
    put("failed", OTHER)
    write_text(failure_of(OTHER), BESIDE)
    jobs.resume(RUN, person="somebody")
    with pytest.raises(QueueError, match="1 is the limit for one person"):
        jobs.resume(OTHER, person="somebody")
    assert jobs.runs() == [RUN, OTHER]
    now = jobs.state(OTHER)
    assert (now.status, now.problem) == ("failed", BESIDE)


# --- deleting ---


@pytest.mark.parametrize("log", LOGS)
def test_a_run_that_is_over_can_be_deleted(log: str, outputs: Path) -> None:
    put(log)
    other = put("stopped", OTHER)
    write_text(failure_of(RUN), BESIDE)
    before = tree(other.path)
    jobs.delete(RUN)
    assert jobs.runs() == [OTHER]
    assert failure(RUN) is None
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
        queue.put(RUN, "somebody")
    before = tree(outputs)
    with locked(folder.lock if asleep else None), pytest.raises(RunError) as caught:
        jobs.delete(RUN)
    assert str(caught.value) == f"run {RUN} is waiting or running; stop it first."
    assert tree(outputs) == before
    assert not folder.asleep()  # the attempt keeps nobody from sleeping it


# --- following ---


def test_a_run_is_followed_from_its_first_event_until_it_is_over() -> None:
    folder = put("begun")
    queue.put(RUN, "somebody")

    def sleep(seen: list[Event]) -> None:
        with locked(folder.lock), RunLog(folder.path) as log:
            queue.take_out(RUN)
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
    queue.put(RUN, "somebody")
    following = jobs.follow(RUN)
    seen = [next(following) for _ in LOGS[log]]
    damage(folder)
    with pytest.raises(LogError, match=f"line {len(seen) + 1}: "):
        next(following)


@pytest.mark.parametrize("log", ["no log", "begun", "stopped"])
def test_a_run_that_fails_without_room_to_say_so_is_a_sentence_to_its_followers(log: str) -> None:
    put(log)
    queue.put(RUN, "somebody")
    following = jobs.follow(RUN)
    for _ in LOGS[log]:
        next(following)
    write_text(failure_of(RUN), BESIDE)
    queue.take_out(RUN)
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
