"""`core.engine.fair_order`: the order of starts, in simulated queues and in examples."""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.fair_order import RoundRobin, start_order
from core.queue.entry import Entry


class Job(NamedTuple):
    """A run to simulate.

    Attributes
    ----------
    at : int
        Time of the request in seconds.
    person : str
        Who requests it.
    seconds : int
        How long it runs.
    """

    at: int
    person: str
    seconds: int


class Start(NamedTuple):
    """The start of a simulated run.

    Attributes
    ----------
    entry : Entry
        Queue entry of the run.
    at : int
        Time of the start in seconds.
    session : tuple of (str, int)
        The person and the number of their session, which lasts as long as they have runs.
    started_persons : frozenset of str
        Persons who have had a start in their session before this one.
    new_persons : frozenset of str
        Persons who are waiting for the first start of their session.
    """

    entry: Entry
    at: int
    session: tuple[str, int]
    started_persons: frozenset[str]
    new_persons: frozenset[str]


def simulate(jobs: list[Job], workers: int) -> list[Start]:
    """Process a queue of ``jobs`` as the dispatcher does, second by second."""
    seconds = {
        Entry(f"{number:06}", job.person, job.at): job.seconds
        for number, job in enumerate(sorted(jobs))
    }
    future = sorted(seconds, key=lambda entry: entry.run)
    waiting: list[Entry] = []
    running: dict[Entry, int] = {}
    starts: list[Start] = []
    round_robin = RoundRobin()
    sessions: Counter[str] = Counter()
    started_persons: set[str] = set()
    previously_present: set[str] = set()
    now = 0
    while future or waiting or running:
        for entry in [entry for entry, end in running.items() if end <= now]:
            del running[entry]
        while future and future[0].submitted <= now:
            waiting.append(future.pop(0))
        present = {entry.person for entry in (*waiting, *running)}
        sessions.update(present - previously_present)
        started_persons &= present
        previously_present = present
        round_robin.forget_all_but(present)
        for entry in start_order(waiting, round_robin.last_start)[: workers - len(running)]:
            new_persons = {queued.person for queued in waiting} - started_persons
            session = (entry.person, sessions[entry.person])
            starts.append(
                Start(entry, now, session, frozenset(started_persons), frozenset(new_persons))
            )
            round_robin.mark_started(entry.person)
            started_persons.add(entry.person)
            waiting.remove(entry)
            running[entry] = now + seconds[entry]
        now += 1
    return starts


_jobs = st.lists(
    st.builds(Job, st.integers(0, 12), st.sampled_from("abcdef"), st.sampled_from([1, 2, 9, 30])),
    min_size=1,
    max_size=40,
)
_workers = st.integers(1, 3)


@settings(max_examples=300)
@given(_jobs, _workers)
def test_every_run_starts_once_and_the_runs_of_a_person_start_in_the_order_of_their_requests(
    jobs: list[Job], workers: int
) -> None:
    started = [start.entry for start in simulate(jobs, workers)]
    assert len(set(started)) == len(jobs)
    for person in "abcdef":
        persons_runs = [entry for entry in started if entry.person == person]
        assert persons_runs == sorted(persons_runs, key=lambda entry: (entry.submitted, entry.run))


@settings(max_examples=300)
@given(_jobs, _workers)
def test_no_second_run_of_a_person_starts_while_a_first_run_of_another_waits(
    jobs: list[Job], workers: int
) -> None:
    assert_first_runs_first(simulate(jobs, workers))


def assert_first_runs_first(starts: list[Start]) -> None:
    for start in starts:
        assert start.entry.person not in start.started_persons or not start.new_persons


@settings(max_examples=300)
@given(_jobs, _workers)
def test_first_runs_start_in_the_order_of_their_requests(jobs: list[Job], workers: int) -> None:
    starts = simulate(jobs, workers)
    for index, start in enumerate(starts):
        for later in starts[index + 1 :]:
            if {start.entry.person, later.entry.person} <= start.new_persons:
                assert (start.entry.submitted, start.entry.run) < (
                    later.entry.submitted,
                    later.entry.run,
                )


@settings(max_examples=300)
@given(_jobs, _workers)
def test_at_most_one_more_run_of_another_person_than_of_its_own_starts_before_a_run(
    jobs: list[Job], workers: int
) -> None:
    # Counted per session, and from the request of the run on.
    starts = simulate(jobs, workers)
    for index, start in enumerate(starts):
        before_it = Counter(
            earlier.session for earlier in starts[:index] if earlier.at >= start.entry.submitted
        )
        same_person = sum(
            before_it.pop(session)
            for session in list(before_it)
            if session[0] == start.entry.person
        )
        assert max(before_it.values(), default=0) <= same_person + 1


# --- examples ---


def order_of_persons(jobs: list[Job], workers: int = 1) -> str:
    """Return the persons whose runs start, in order."""
    return "".join(start.entry.person for start in simulate(jobs, workers))


def equal_jobs(person: str, at: int, number: int, seconds: int = 10) -> list[Job]:
    """Return runs of one person, requested at the same time.

    Parameters
    ----------
    person : str
        Who requests them.
    at : int
        Time of the requests in seconds.
    number : int
        Number of runs.
    seconds : int, default 10
        How long each runs.

    Returns
    -------
    list of Job
    """
    return [Job(at, person, seconds) for _ in range(number)]


def test_the_runs_of_a_single_person_start_one_after_another() -> None:
    assert order_of_persons(equal_jobs("a", 0, 4)) == "aaaa"


def test_runs_of_two_persons_alternate() -> None:
    assert order_of_persons(equal_jobs("a", 0, 4) + equal_jobs("b", 1, 4)) == "abababab"


def test_a_single_run_starts_second_after_twenty_earlier_requests_of_another_person() -> None:
    assert order_of_persons(equal_jobs("a", 0, 20) + equal_jobs("b", 1, 1)).index("b") == 1


def test_a_person_who_arrives_later_starts_next_and_then_alternates_with_the_others() -> None:
    assert order_of_persons(
        equal_jobs("a", 0, 8) + equal_jobs("b", 0, 8) + equal_jobs("c", 55, 3)
    ) == ("ababab" + "c" + "abcabc" + "ababab")


def test_persons_who_arrive_later_start_in_the_order_of_their_requests() -> None:
    late = [Job(31 + n, person, 10) for n, person in enumerate("bcdefg") for _ in range(2)]
    assert (
        order_of_persons(equal_jobs("a", 0, 6) + late) == "aaaa" + "bcdefg" + "a" + "bcdefg" + "a"
    )
    assert_first_runs_first(simulate(equal_jobs("a", 0, 6) + late, 1))


def test_a_person_with_a_long_run_accumulates_no_claim_to_extra_starts() -> None:
    # The long run of b starts together with the first run of a. Of the ten later runs of b, one
    # starts next; then a and b alternate.
    jobs = equal_jobs("b", 0, 1, 500) + equal_jobs("a", 0, 20) + equal_jobs("b", 95, 10)
    assert order_of_persons(jobs, workers=2)[:20] == "ab" + "a" * 9 + "ba" * 4 + "b"


def test_a_long_run_of_one_person_does_not_favour_persons_who_arrive_later() -> None:
    jobs = equal_jobs("b", 0, 1, 500) + equal_jobs("a", 0, 20) + equal_jobs("c", 95, 6)
    assert order_of_persons(jobs, workers=2)[:20] == "ab" + "a" * 9 + "ca" * 4 + "c"


def test_a_person_who_returns_without_runs_left_counts_as_new() -> None:
    jobs = equal_jobs("a", 0, 6) + equal_jobs("b", 1, 1) + equal_jobs("b", 35, 1)
    assert order_of_persons(jobs) == "abaabaaa"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_run_waits_while_a_worker_is_free(workers: int) -> None:
    starts = simulate(equal_jobs("a", 0, workers), workers)
    assert [(start.entry.person, start.at) for start in starts] == [("a", 0)] * workers


def test_the_start_order_equals_the_order_of_repeated_single_starts() -> None:
    waiting = [Entry(str(n), person, n) for n, person in enumerate("aaabbc")]
    order = start_order(waiting, {"a": 2, "b": 1})
    round_robin = RoundRobin({"a": 2, "b": 1})
    started = []
    while waiting:
        first = start_order(waiting, round_robin.last_start)[0]
        round_robin.mark_started(first.person)
        waiting.remove(first)
        started.append(first)
    assert order == started
    assert [entry.run for entry in order] == ["5", "3", "0", "4", "1", "2"]
