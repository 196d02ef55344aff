"""`core.queue.entries`: which runs are wanted, and how many may be."""

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
from tests.helpers.engines import own_outputs
from tools.sample_runs import OTHER, RUN


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


def limit(patch: pytest.MonkeyPatch, *, person: int | str = 20, total: int | str = 200) -> None:
    patch.setenv("SLEEP_MAX_QUEUED_PER_PERSON", str(person))
    patch.setenv("SLEEP_MAX_QUEUED", str(total))


def names() -> Iterator[str]:
    return (f"20260102-030405-{number:06x}" for number in count())


def put_many(person: str, number: int, run: Iterator[str]) -> None:
    for _ in range(number):
        entries.add(next(run), person)


def test_a_run_is_wanted_from_being_put_in_until_it_is_taken_out() -> None:
    assert not entries.contains(RUN)
    assert entries.read_all() == []
    before = time.time()
    entry = entries.add(RUN, "an “odd” person\n")
    assert (entry.run, entry.person) == (RUN, "an “odd” person\n")
    assert before <= entry.at <= time.time()
    assert entries.contains(RUN)
    assert entries.read_all() == [entry]
    entries.remove(RUN)
    assert not entries.contains(RUN)
    assert entries.read_all() == []
    entries.remove(RUN)  # by two at once


def test_taking_out_one_wish_leaves_a_later_one_for_the_same_run() -> None:
    first = entries.add(RUN, "somebody")
    entries.remove(RUN)
    later = entries.add(RUN, "somebody")
    entries.remove(RUN, first)
    assert entries.read_all() == [later]
    entries.remove(RUN, later)
    assert entries.read_all() == []
    entries.remove(RUN, later)


def test_the_oldest_comes_first_and_the_name_decides_between_those_of_one_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([7.0, 5.0, 5.0])
    monkeypatch.setattr(entries.time, "time", lambda: next(moments))
    for run in ("20260102-030405-000003", "20260102-030405-000002", "20260102-030405-000001"):
        entries.add(run, "somebody")
    assert [(entry.run[-1], entry.at) for entry in entries.read_all()] == [
        ("1", 5.0),
        ("2", 5.0),
        ("3", 7.0),
    ]


def test_a_number_tells_of_every_run_put_in_or_taken_out() -> None:
    assert entries.modification_time() == 0
    entries.add(RUN, "somebody")
    for change in (lambda: entries.add(OTHER, "somebody"), lambda: entries.remove(RUN)):
        os.utime(
            queue_folder(), ns=(1, 1)
        )  # its clock is coarse, and two changes may look like one
        assert entries.modification_time() == 1
        change()
        assert entries.modification_time() != 1


def test_what_is_no_entry_is_passed_over(outputs: Path) -> None:
    entry = entries.add(RUN, "somebody")
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
def test_a_damaged_entry_still_is_one(content: str) -> None:
    # Else its run would wait for ever: wanted, and never anybody's turn.
    entries.add(RUN, "somebody")
    (queue_folder() / RUN).write_text(content)
    assert entries.contains(RUN)
    assert [entry.run for entry in entries.read_all()] == [RUN]


# --- limits ---


def test_a_person_may_have_so_many_runs_and_others_may_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit(monkeypatch, person=3)
    run = names()
    put_many("one", 3, run)
    with pytest.raises(QueueError) as caught:
        entries.add(next(run), "one")
    assert str(caught.value) == (
        "you have 3 runs waiting or running, and 3 is the limit for one person; "
        "wait for one to finish or stop one."
    )
    put_many("other", 3, run)
    assert len(entries.read_all()) == 6
    entries.remove(entries.read_all()[0].run)
    put_many("one", 1, run)


def test_everybody_together_may_have_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, total=4)
    run = names()
    for person in "abcd":
        put_many(person, 1, run)
    with pytest.raises(QueueError) as caught:
        entries.add(next(run), "e")
    assert str(caught.value) == (
        "4 runs are waiting or running, and 4 is the limit for everybody together; "
        "try again when some have finished."
    )
    assert len(entries.read_all()) == 4


def test_a_person_at_both_limits_is_told_of_the_own_one(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, person=2, total=2)
    put_many("one", 2, names())
    with pytest.raises(QueueError, match="the limit for one person"):
        entries.check_limits("one")
    with pytest.raises(QueueError, match="the limit for everybody"):
        entries.check_limits("other")


def test_a_limit_is_kept_when_many_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, person=5)
    run = names()

    def put(name: str) -> bool:
        try:
            entries.add(name, "one")
        except QueueError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(put, [next(run) for _ in range(16)]))
    assert sum(accepted) == len(entries.read_all()) == 5


@pytest.mark.parametrize("variable", ["SLEEP_MAX_QUEUED_PER_PERSON", "SLEEP_MAX_QUEUED"])
@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5"])
def test_a_limit_that_is_no_number_is_a_sentence_that_names_its_variable(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError) as caught:
        entries.add(RUN, "somebody")
    assert str(caught.value).startswith(f"{variable} is ")
    assert entries.read_all() == []


def test_a_busy_queue_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "_WAIT_S", 0.02)
    queue_folder().mkdir(parents=True)
    lock = acquire(queue_folder() / ".lock")
    assert lock is not None
    with lock, pytest.raises(QueueError, match="the queue is busy; try again in a moment"):
        entries.add(RUN, "somebody")
    assert entries.read_all() == []


def test_an_entry_of_an_earlier_version_is_one_of_the_host_without_expected_seconds() -> None:
    queue_folder().mkdir(parents=True)
    (queue_folder() / RUN).write_text(json.dumps({"run": RUN, "person": "a", "at": 5.0}))
    assert entries.read_all() == [Entry(RUN, "a", 5.0, None, 0.0)]


def test_the_queue_stores_no_network_address() -> None:
    entry = entries.add(RUN, "somebody", "203.0.113.77", 3.0)
    assert entry.address is not None
    assert entries.read_all() == [entry]
    stored = b"".join(file.read_bytes() for file in queue_folder().iterdir())
    assert b"203.0.113" not in stored


def test_an_entry_says_who_wants_what_since_when_from_where_and_how_long_it_takes() -> None:
    entry = entries.add(RUN, "somebody", "203.0.113.77", 3.0)
    values = json.loads((queue_folder() / RUN).read_text("utf-8"))
    assert Entry(**values) == entry
