"""Limits of the queue: runs and expected seconds, per person, per network address and in total.

Seconds are those on one core of the reference machine, see
`core.queue.estimates.reference_seconds`. The limits per address and in seconds apply only to
visitors of the page. Runs that the host's programs submit have no address: they count towards the
numbers of runs per person and in total, and not towards any visitor's seconds.
"""

from collections.abc import Iterable, Sequence

from core.queue.entry import Entry
from core.support import environment
from core.support.durations import format_duration
from core.support.errors import QueueError

_WAIT_OR_STOP = "wait for one to finish or stop one"
_TRY_LATER = "try again when some have finished"


def check_room(queued: Iterable[Entry], new: Entry) -> None:
    """Check that the queue can take ``new`` in addition to the entries ``queued``.

    Raises `QueueError` if ``new`` exceeds a limit. The sentence names whose limit it is, its
    value and what to do; the person's own limit is checked first.
    """
    all_entries = list(queued)
    _check_person([entry for entry in all_entries if entry.person == new.person], new)
    if new.address is not None:
        _check_address([entry for entry in all_entries if entry.address == new.address], new)
    _check_total(all_entries, new)


def _check_person(same_person: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued_per_person()
    if len(same_person) >= limit:
        raise QueueError(
            f"you have {len(same_person)} runs waiting or running, and {limit} is the limit for "
            f"one person; {_WAIT_OR_STOP}."
        )
    _check_seconds(
        same_person,
        new,
        environment.max_seconds_per_person(),
        which="your runs waiting or running",
        whose="one person",
        advice=_WAIT_OR_STOP,
    )


def _check_address(same_address: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued_per_address()
    if len(same_address) >= limit:
        raise QueueError(
            f"{len(same_address)} runs from your network address are waiting or running, and "
            f"{limit} is the limit for one address; {_TRY_LATER}."
        )
    _check_seconds(
        same_address,
        new,
        environment.max_seconds_per_address(),
        which="the runs waiting or running from your network address",
        whose="one address",
        advice=_TRY_LATER,
    )


def _check_total(all_entries: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued()
    if len(all_entries) >= limit:
        raise QueueError(
            f"{len(all_entries)} runs are waiting or running, and {limit} is the limit for "
            f"everybody together; {_TRY_LATER}."
        )
    _check_seconds(
        all_entries,
        new,
        environment.max_seconds(),
        which="the runs of all visitors waiting or running",
        whose="everybody together",
        advice=_TRY_LATER,
    )


def _check_seconds(
    queued: Sequence[Entry], new: Entry, limit: int, *, which: str, whose: str, advice: str
) -> None:
    if new.address is None:
        return
    total = sum(entry.reference_seconds for entry in queued if entry.address is not None)
    if total + new.reference_seconds <= limit:
        return
    new_time, limit_time = format_duration(new.reference_seconds), format_duration(limit)
    if new.reference_seconds > limit:
        raise QueueError(
            f"this run would take about {new_time}, and {limit_time} is the limit for {whose}; "
            "choose fewer cycles, epochs, images or seeds."
        )
    raise QueueError(
        f"{which} take about {format_duration(total)} and this one would add {new_time}, "
        f"and {limit_time} is the limit for {whose}; {advice}."
    )
