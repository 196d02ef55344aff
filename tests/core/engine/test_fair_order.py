"""`core.engine.fair_order`: whose turn it is, in queues of every kind."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.fair_order import RoundRobin, start_order
from core.queue.entry import Entry


class Job(NamedTuple):
    """A run that ``person`` submits at ``at`` and that takes ``seconds``."""

    at: int
    person: str
    seconds: int


@dataclass
class Night:
    """What a simulated queue did: runs in the order in which they started."""

    started: list[Entry] = field(default_factory=list)
    # For each start: who had had a turn since they came, and whose first run waited then.
    had_one: list[set[str]] = field(default_factory=list)
    had_none: list[set[str]] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    stays: Counter[str] = field(default_factory=Counter)
    stay: list[tuple[str, int]] = field(default_factory=list)  # of the person of each start


def simulate(jobs: list[Job], workers: int) -> Night:
    """The queue of ``jobs`` as the dispatcher works it off, second by second."""
    todo = sorted(jobs)
    entries = {Entry(f"{n:06}", job.person, job.at): job.seconds for n, job in enumerate(todo)}
    coming = sorted(entries, key=lambda entry: entry.run)
    waiting: list[Entry] = []
    asleep: dict[Entry, int] = {}
    turns, night, had_one = RoundRobin(), Night(), set()
    before: set[str] = set()
    now = 0
    while coming or waiting or asleep:
        for entry in [entry for entry, end in asleep.items() if end <= now]:
            del asleep[entry]
        while coming and coming[0].at <= now:
            waiting.append(coming.pop(0))
        present = {entry.person for entry in (*waiting, *asleep)}
        night.stays.update(present - before)
        had_one &= present
        before = present
        turns.keep(present)
        for entry in start_order(waiting, turns.last)[: workers - len(asleep)]:
            night.had_one.append(set(had_one))
            night.had_none.append({each.person for each in waiting} - had_one)
            night.stay.append((entry.person, night.stays[entry.person]))
            night.at.append(now)
            night.started.append(entry)
            turns.took(entry.person)
            had_one.add(entry.person)
            waiting.remove(entry)
            asleep[entry] = now + entries[entry]
        now += 1
    return night


_jobs = st.lists(
    st.builds(Job, st.integers(0, 12), st.sampled_from("abcdef"), st.sampled_from([1, 2, 9, 30])),
    min_size=1,
    max_size=40,
)
_workers = st.integers(1, 3)


@settings(max_examples=300)
@given(_jobs, _workers)
def test_every_run_starts_once_and_a_persons_runs_in_the_order_they_came(
    jobs: list[Job], workers: int
) -> None:
    night = simulate(jobs, workers)
    assert len(set(night.started)) == len(jobs)
    for person in "abcdef":
        own = [entry for entry in night.started if entry.person == person]
        assert own == sorted(own, key=lambda entry: (entry.at, entry.run))


@settings(max_examples=300)
@given(_jobs, _workers)
def test_nobodys_second_run_starts_while_somebodys_first_waits(
    jobs: list[Job], workers: int
) -> None:
    assert_first_runs_first(simulate(jobs, workers))


def assert_first_runs_first(night: Night) -> None:
    for entry, had_one, had_none in zip(night.started, night.had_one, night.had_none, strict=True):
        assert entry.person not in had_one or had_none == set()


@settings(max_examples=300)
@given(_jobs, _workers)
def test_those_whose_first_runs_wait_are_served_in_the_order_they_came(
    jobs: list[Job], workers: int
) -> None:
    night = simulate(jobs, workers)
    for place, (entry, had_none) in enumerate(zip(night.started, night.had_none, strict=True)):
        for later in night.started[place + 1 :]:
            if entry.person in had_none and later.person in had_none:
                assert (entry.at, entry.run) < (later.at, later.run)


@settings(max_examples=300)
@given(_jobs, _workers)
def test_a_run_lets_few_of_each_others_runs_go_first(jobs: list[Job], workers: int) -> None:
    # Those of one stay, which lasts for as long as that person has runs: as many as its own
    # person has in front of it, and one more.
    night = simulate(jobs, workers)
    for place, entry in enumerate(night.started):
        passed = Counter(night.stay[n] for n in range(place) if night.at[n] >= entry.at)
        own = sum(passed.pop(stay) for stay in list(passed) if stay[0] == entry.person)
        assert max(passed.values(), default=0) <= own + 1


# --- by example ---


def started(jobs: list[Job], workers: int = 1) -> str:
    """Whose runs start, in order."""
    return "".join(entry.person for entry in simulate(jobs, workers).started)


def some(person: str, at: int, number: int, seconds: int = 10) -> list[Job]:
    return [Job(at, person, seconds) for _ in range(number)]


def test_alone_a_persons_runs_simply_follow_each_other() -> None:
    assert started(some("a", 0, 4)) == "aaaa"


def test_two_who_have_many_runs_take_turns() -> None:
    assert started(some("a", 0, 4) + some("b", 1, 4)) == "abababab"


def test_one_run_is_not_kept_waiting_by_anybodys_twenty() -> None:
    assert started(some("a", 0, 20) + some("b", 1, 1)).index("b") == 1


def test_a_late_comer_gets_the_next_turn_and_then_waits_like_everybody() -> None:
    assert started(some("a", 0, 8) + some("b", 0, 8) + some("c", 55, 3)) == (
        "ababab" + "c" + "abcabc" + "ababab"
    )


def test_late_comers_are_served_in_the_order_they_came() -> None:
    late = [Job(31 + n, person, 10) for n, person in enumerate("bcdefg") for _ in range(2)]
    assert started(some("a", 0, 6) + late) == "aaaa" + "bcdefg" + "a" + "bcdefg" + "a"
    assert_first_runs_first(simulate(some("a", 0, 6) + late, 1))


def test_who_sleeps_a_long_night_saves_up_no_turns() -> None:
    # b's long night begins with the first of a. Of the ten that b adds later one starts next, and
    # then a and b take turns.
    jobs = some("b", 0, 1, 500) + some("a", 0, 20) + some("b", 95, 10)
    assert started(jobs, workers=2)[:20] == "ab" + "a" * 9 + "ba" * 4 + "b"


def test_somebody_who_sleeps_a_long_night_does_not_put_late_comers_first() -> None:
    jobs = some("b", 0, 1, 500) + some("a", 0, 20) + some("c", 95, 6)
    assert started(jobs, workers=2)[:20] == "ab" + "a" * 9 + "ca" * 4 + "c"


def test_who_comes_back_is_new_again() -> None:
    jobs = some("a", 0, 6) + some("b", 1, 1) + some("b", 35, 1)
    assert started(jobs) == "abaabaaa"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_nobody_waits_while_a_worker_is_free(workers: int) -> None:
    night = simulate(some("a", 0, workers), workers)
    assert [entry.person for entry in night.started] == ["a"] * workers


def test_the_order_is_that_of_the_starts_to_come() -> None:
    waiting = [Entry(str(n), person, n) for n, person in enumerate("aaabbc")]
    said = start_order(waiting, {"a": 2, "b": 1})
    turns = RoundRobin({"a": 2, "b": 1})
    done = []
    while waiting:
        first = start_order(waiting, turns.last)[0]
        turns.took(first.person)
        waiting.remove(first)
        done.append(first)
    assert said == done
    assert [entry.run for entry in said] == ["5", "3", "0", "4", "1", "2"]
