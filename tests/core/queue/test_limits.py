"""`core.queue.limits`: limits per person, per network address and in total."""

from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queue.entry import Entry
from core.queue.estimates import reference_seconds
from core.queue.limits import check_room
from core.schedule.config import RunConfig
from core.support.errors import QueueError

HOUR = 3_600.0
_numbers = count()


def new_entry(person: str, address: str | None = "a", seconds: float = 10.0) -> Entry:
    number = next(_numbers)
    return Entry(f"{number:06}", person, number, address, seconds)


def seconds(entries: Iterable[Entry]) -> float:
    return sum(entry.reference_seconds for entry in entries)


def refusal(queued: list[Entry], new: Entry) -> str:
    """Return the sentence of the error that `check_room` raises."""
    with pytest.raises(QueueError) as caught:
        check_room(queued, new)
    return str(caught.value)


def test_visitors_with_the_same_address_share_a_limit() -> None:
    queued = [new_entry(f"visitor {number}") for number in range(100)]
    check_room(queued[:-1], new_entry("new"))
    assert refusal(queued, new_entry("new")) == (
        "100 runs from your network address are waiting or running, and 100 is the limit for one "
        "address; try again when some have finished."
    )
    check_room(queued, new_entry("new", "b"))
    check_room(queued, new_entry("host", None))


def test_thirty_students_at_one_address_can_each_run_a_night_and_a_comparison() -> None:
    config = RunConfig(seeds=(0, 1, 2, 3, 4), num_cycles=25, num=100, split="digits", latent_dim=10)
    queued: list[Entry] = []
    for student in range(30):
        for _ in range(2):
            new = new_entry(f"student {student}", "school", reference_seconds(config))
            check_room(queued, new)
            queued.append(new)


def test_the_seconds_of_one_visitors_runs_are_limited() -> None:
    queued = [
        new_entry("alice", seconds=HOUR / 2),
        new_entry("alice", seconds=HOUR / 4),
        new_entry("bob"),
    ]
    check_room(queued, new_entry("alice", seconds=HOUR / 4))
    assert refusal(queued, new_entry("alice", seconds=HOUR / 4 + 1)) == (
        "your runs waiting or running take about 45 min and this one would add 15 min, and 60 min "
        "is the limit for one person; wait for one to finish or stop one."
    )


@pytest.mark.parametrize("queued", [[], [new_entry("alice", seconds=60)]])
def test_the_error_for_a_run_that_alone_exceeds_a_limit_suggests_a_smaller_run(
    queued: list[Entry],
) -> None:
    assert refusal(queued, new_entry("alice", seconds=3 * HOUR)) == (
        "this run would take about 3.0 h, and 60 min is the limit for one person; choose fewer "
        "cycles, epochs, images or seeds."
    )


def test_the_seconds_per_address_and_in_total_are_limited() -> None:
    queued = [new_entry(f"visitor {number}", "a", HOUR) for number in range(4)]
    assert refusal(queued, new_entry("new", "a")) == (
        "the runs waiting or running from your network address take about 4.0 h and this one would "
        "add 10 s, and 4.0 h is the limit for one address; try again when some have finished."
    )
    queued += [new_entry(f"visitor {number}", "b", HOUR) for number in range(4, 8)]
    assert refusal(queued, new_entry("new", "c")) == (
        "the runs of all visitors waiting or running take about 8.0 h and this one would add 10 s, "
        "and 8.0 h is the limit for everybody together; try again when some have finished."
    )


def test_the_hosts_runs_do_not_count_towards_the_limits_in_seconds() -> None:
    queued: list[Entry] = []
    for _ in range(20):
        new = new_entry("me@here", None, 10 * HOUR)
        check_room(queued, new)
        queued.append(new)
    assert "20 is the limit for one person" in refusal(queued, new_entry("me@here", None))
    check_room(queued, new_entry("visitor", "a", HOUR))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SLEEP_MAX_QUEUED_PER_ADDRESS", "from your network address are waiting or running, and 1"),
        ("SLEEP_MAX_SECONDS_PER_PERSON", "10 s is the limit for one person"),
        ("SLEEP_MAX_SECONDS_PER_ADDRESS", "10 s is the limit for one address"),
        ("SLEEP_MAX_SECONDS", "10 s is the limit for everybody together"),
    ],
)
def test_each_limit_can_be_set_by_its_environment_variable(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    assert text in refusal([new_entry("alice")], new_entry("alice"))


_entries = st.builds(
    new_entry,
    st.sampled_from("pqr"),
    st.sampled_from([None, "a", "b"]),
    st.floats(0, 2 * HOUR),
)


@given(st.lists(_entries, max_size=60))
def test_the_accepted_entries_never_exceed_a_limit(requests: list[Entry]) -> None:
    queued: list[Entry] = []
    for new in requests:
        try:
            check_room(queued, new)
        except QueueError:
            continue
        queued.append(new)
    visitors = [entry for entry in queued if entry.address is not None]
    assert seconds(visitors) <= 8 * HOUR
    for person in "pqr":
        assert sum(entry.person == person for entry in queued) <= 20
        assert seconds(entry for entry in visitors if entry.person == person) <= HOUR
    for address in "ab":
        assert seconds(entry for entry in visitors if entry.address == address) <= 4 * HOUR
