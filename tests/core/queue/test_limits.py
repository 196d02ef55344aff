"""`core.queue.limits`: how much may wait or run at once, of whom and from where."""

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
_names = count()


def entry(person: str, address: str | None = "a", seconds: float = 10.0) -> Entry:
    number = next(_names)
    return Entry(f"{number:06}", person, number, address, seconds)


def refusal(queued: list[Entry], new: Entry) -> str:
    """The sentence with which ``new`` is refused."""
    with pytest.raises(QueueError) as caught:
        check_room(queued, new)
    return str(caught.value)


def test_many_visitors_of_one_address_are_limited_together_and_others_are_not() -> None:
    queued = [entry(f"visitor {number}") for number in range(100)]
    check_room(queued[:-1], entry("new"))
    assert refusal(queued, entry("new")) == (
        "100 runs from your network address are waiting or running, and 100 is the limit for one "
        "address; try again when some have finished."
    )
    check_room(queued, entry("new", "b"))
    check_room(queued, entry("host", None))


def test_a_class_of_thirty_at_one_address_can_all_run_a_night_and_its_comparison() -> None:
    config = RunConfig(seeds=(0, 1, 2, 3, 4), num_cycles=25, num=100, split="digits", latent_dim=10)
    queued: list[Entry] = []
    for student in range(30):
        for _ in range(2):
            new = entry(f"student {student}", "school", reference_seconds(config))
            check_room(queued, new)
            queued.append(new)


def test_one_visitors_runs_are_limited_by_the_seconds_they_take() -> None:
    queued = [entry("one", seconds=HOUR / 2), entry("one", seconds=HOUR / 4), entry("other")]
    check_room(queued, entry("one", seconds=HOUR / 4))
    assert refusal(queued, entry("one", seconds=HOUR / 4 + 1)) == (
        "your runs waiting or running take about 45 min and this one would add 15 min, and 60 min "
        "is the limit for one person; wait for one to finish or stop one."
    )


@pytest.mark.parametrize("queued", [[], [entry("one", seconds=60)]])
def test_a_run_that_is_too_long_by_itself_is_to_be_made_shorter(queued: list[Entry]) -> None:
    assert refusal(queued, entry("one", seconds=3 * HOUR)) == (
        "this run would take about 3.0 h, and 60 min is the limit for one person; choose fewer "
        "cycles, epochs, images or seeds."
    )


def test_an_addresss_and_everybodys_runs_are_limited_by_the_seconds_they_take() -> None:
    queued = [entry(f"visitor {number}", "a", HOUR) for number in range(4)]
    assert refusal(queued, entry("new", "a")) == (
        "the runs waiting or running from your network address take about 4.0 h and this one would "
        "add 10 s, and 4.0 h is the limit for one address; try again when some have finished."
    )
    queued += [entry(f"visitor {number}", "b", HOUR) for number in range(4, 8)]
    assert refusal(queued, entry("new", "c")) == (
        "the runs of all visitors waiting or running take about 8.0 h and this one would add 10 s, "
        "and 8.0 h is the limit for everybody together; try again when some have finished."
    )


def test_the_hosts_long_runs_are_not_limited_by_seconds_and_take_no_visitors_seconds() -> None:
    queued: list[Entry] = []
    for _ in range(20):
        new = entry("me@here", None, 10 * HOUR)
        check_room(queued, new)
        queued.append(new)
    assert "20 is the limit for one person" in refusal(queued, entry("me@here", None))
    check_room(queued, entry("visitor", "a", HOUR))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SLEEP_MAX_QUEUED_PER_ADDRESS", "from your network address are waiting or running, and 1"),
        ("SLEEP_MAX_SECONDS_PER_PERSON", "10 s is the limit for one person"),
        ("SLEEP_MAX_SECONDS_PER_ADDRESS", "10 s is the limit for one address"),
        ("SLEEP_MAX_SECONDS", "10 s is the limit for everybody together"),
    ],
)
def test_each_limit_is_moved_by_its_variable(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    assert text in refusal([entry("one")], entry("one"))


_entries = st.builds(
    entry,
    st.sampled_from("pqr"),
    st.sampled_from([None, "a", "b"]),
    st.floats(0, 2 * HOUR),
)


@given(st.lists(_entries, max_size=60))
def test_whatever_comes_the_limits_of_persons_addresses_and_all_visitors_hold(
    coming: list[Entry],
) -> None:
    queued: list[Entry] = []
    for new in coming:
        try:
            check_room(queued, new)
        except QueueError:
            continue
        queued.append(new)
    visitors = [each for each in queued if each.address is not None]
    assert sum(each.work for each in visitors) <= 8 * HOUR
    for person in "pqr":
        assert sum(each.person == person for each in queued) <= 20
        assert sum(each.work for each in visitors if each.person == person) <= HOUR
    for address in "ab":
        assert sum(each.work for each in visitors if each.address == address) <= 4 * HOUR
