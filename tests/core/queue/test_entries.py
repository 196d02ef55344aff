"""`core.queue.entries`: adding, reading and removing requested runs, within the limits."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from core.queue import entries
from core.queue.entry import Entry
from core.queue.paths import queue_folder
from core.support.errors import ConfigError, QueueError
from core.support.locks import acquire
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import OTHER_RUN, RUN


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


def set_limits(patch: pytest.MonkeyPatch, *, person: int = 20, total: int = 200) -> None:
    patch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", str(person))
    patch.setenv("SLEEP_MAX_QUEUED", str(total))


def run_ids() -> Iterator[str]:
    return (f"20260102-030405-{number:06x}" for number in count())


def add_runs(person: str, number: int, ids: Iterator[str]) -> None:
    for _ in range(number):
        entries.add(next(ids), person)


def test_a_run_is_in_the_queue_until_it_is_removed() -> None:
    assert not entries.contains(RUN)
    assert entries.read_all() == []
    earliest = time.time()
    entry = entries.add(RUN, "a “quoted” name\n")
    assert (entry.run, entry.person) == (RUN, "a “quoted” name\n")
    assert earliest <= entry.submitted <= time.time()
    assert entries.contains(RUN)
    assert entries.read_all() == [entry]
    entries.remove(RUN)
    assert not entries.contains(RUN)
    assert entries.read_all() == []
    entries.remove(RUN)  # two processes may do it


def test_removing_one_entry_leaves_a_later_entry_of_the_same_run() -> None:
    first = entries.add(RUN, "alice")
    entries.remove(RUN)
    later = entries.add(RUN, "alice")
    entries.remove(RUN, first)
    assert entries.read_all() == [later]
    entries.remove(RUN, later)
    assert entries.read_all() == []
    entries.remove(RUN, later)


def test_entries_are_sorted_by_time_of_submission_then_by_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([7.0, 5.0, 5.0])
    monkeypatch.setattr(entries.time, "time", lambda: next(times))
    for run in ("20260102-030405-000003", "20260102-030405-000002", "20260102-030405-000001"):
        entries.add(run, "alice")
    assert [(entry.run[-1], entry.submitted) for entry in entries.read_all()] == [
        ("1", 5.0),
        ("2", 5.0),
        ("3", 7.0),
    ]


def test_the_modification_time_changes_with_every_added_or_removed_run() -> None:
    assert entries.modification_time() == 0
    entries.add(RUN, "alice")
    for change in (lambda: entries.add(OTHER_RUN, "alice"), lambda: entries.remove(RUN)):
        # The file system's clock is coarse, and two changes may have the same time.
        os.utime(queue_folder(), ns=(1, 1))
        assert entries.modification_time() == 1
        change()
        assert entries.modification_time() != 1


def test_temporary_files_are_not_entries() -> None:
    entry = entries.add(RUN, "alice")
    folder = queue_folder()
    (folder / ".half.tmp").write_text("{")
    assert entries.read_all() == [entry]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"person": "a"}', "\0" * 9),
        '{"person": "a", "at": NaN}',
        *(f'{{"person": "a", "at": 1, "work": {work}}}' for work in ("NaN", "-1", '"x"', "null")),
    ],
    ids=repr,
)
def test_a_damaged_file_still_requests_its_run(content: str) -> None:
    # Otherwise the run would be in the queue for ever, and no worker would run it.
    entries.add(RUN, "alice")
    (queue_folder() / RUN).write_text(content)
    assert entries.contains(RUN)
    assert [entry.run for entry in entries.read_all()] == [RUN]


# --- limits ---


def test_the_number_of_runs_is_limited_for_each_person_separately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_limits(monkeypatch, person=3)
    ids = run_ids()
    add_runs("alice", 3, ids)
    with pytest.raises(QueueError) as caught:
        entries.add(next(ids), "alice")
    assert str(caught.value) == (
        "you have 3 runs waiting or running, and 3 is the limit for one person; "
        "wait for one to finish or stop one."
    )
    add_runs("bob", 3, ids)
    assert len(entries.read_all()) == 6
    entries.remove(entries.read_all()[0].run)
    add_runs("alice", 1, ids)


def test_the_number_of_runs_is_limited_in_total(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits(monkeypatch, total=4)
    ids = run_ids()
    for person in "abcd":
        add_runs(person, 1, ids)
    with pytest.raises(QueueError) as caught:
        entries.add(next(ids), "e")
    assert str(caught.value) == (
        "4 runs are waiting or running, and 4 is the limit for everybody together; "
        "try again when some have finished."
    )
    assert len(entries.read_all()) == 4


def test_the_limit_per_person_is_checked_before_the_total(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits(monkeypatch, person=2, total=2)
    add_runs("alice", 2, run_ids())
    with pytest.raises(QueueError, match="the limit for one person"):
        entries.check_limits("alice")
    with pytest.raises(QueueError, match="the limit for everybody"):
        entries.check_limits("bob")


def test_a_limit_holds_for_simultaneous_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits(monkeypatch, person=5)
    ids = run_ids()

    def is_accepted(run_id: str) -> bool:
        try:
            entries.add(run_id, "alice")
        except QueueError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(is_accepted, [next(ids) for _ in range(16)]))
    assert sum(accepted) == len(entries.read_all()) == 5


@pytest.mark.parametrize("variable", ["SLEEP_MAX_QUEUED_PER_PERSON", "SLEEP_MAX_QUEUED"])
@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5"])
def test_the_error_for_an_invalid_limit_names_its_variable(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError) as caught:
        entries.add(RUN, "alice")
    assert str(caught.value).startswith(f"{variable} is ")
    assert entries.read_all() == []


def test_a_queue_that_another_process_uses_for_too_long_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entries, "LOCK_TIMEOUT_S", 0.02)
    queue_folder().mkdir(parents=True)
    lock = acquire(queue_folder() / ".lock")
    assert lock is not None
    with lock, pytest.raises(QueueError, match="the queue is busy; try again in a moment"):
        entries.add(RUN, "alice")
    assert entries.read_all() == []


def test_a_file_without_address_and_duration_is_an_entry_of_the_host() -> None:
    queue_folder().mkdir(parents=True)
    (queue_folder() / RUN).write_text(json.dumps({"run": RUN, "person": "a", "at": 5.0}))
    assert entries.read_all() == [Entry(RUN, "a", 5.0, None, 0.0)]


def test_a_file_of_an_earlier_version_is_read() -> None:
    queue_folder().mkdir(parents=True)
    values = {"run": RUN, "person": "a", "at": 5.0, "address": "00ff", "work": 3.0}
    (queue_folder() / RUN).write_text(json.dumps(values))
    entry = Entry(RUN, "a", submitted=5.0, address="00ff", reference_seconds=3.0)
    assert entries.read_all() == [entry]
    assert entry.values() == values


def test_the_queue_stores_no_network_address() -> None:
    entry = entries.add(RUN, "alice", "203.0.113.77", 3.0)
    assert entry.address is not None
    assert entries.read_all() == [entry]
    stored = b"".join(file.read_bytes() for file in queue_folder().iterdir())
    assert b"203.0.113" not in stored


def test_an_entrys_file_contains_all_its_fields_under_the_keys_of_earlier_versions() -> None:
    entry = entries.add(RUN, "alice", "203.0.113.77", 3.0)
    values = json.loads((queue_folder() / RUN).read_text("utf-8"))
    assert values == {
        "run": RUN,
        "person": "alice",
        "at": entry.submitted,
        "address": entry.address,
        "work": 3.0,
    }
