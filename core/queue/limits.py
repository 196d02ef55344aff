"""How much may wait or run at once: runs and expected seconds, per person, address and in all.

Seconds are those of the reference machine on one core, see
`core.queue.estimates.reference_seconds`. The limits per address and those of seconds apply to
visitors of the page only: runs that the host's own programs submit have no address, count in the
numbers of runs alone, and use no visitor's seconds.
"""

from collections.abc import Iterable, Sequence

from core.queue.entry import Entry
from core.support import environment
from core.support.durations import format_duration
from core.support.errors import QueueError

_WAIT = "wait for one to finish or stop one"
_LATER = "try again when some have finished"


def check_room(queued: Iterable[Entry], new: Entry) -> None:
    """Raise `QueueError` if ``new`` does not fit in with those ``queued``.

    The sentence names whose limit it is, the limit and the fix; a person's own limit comes first.
    """
    everybody = list(queued)
    own = [entry for entry in everybody if entry.person == new.person]
    _check_person(own, new)
    if new.address is not None:
        _check_address([entry for entry in everybody if entry.address == new.address], new)
    _check_all(everybody, new)


def _check_person(own: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued_per_person()
    if len(own) >= limit:
        raise QueueError(
            f"you have {len(own)} runs waiting or running, and {limit} is the limit for one "
            f"person; {_WAIT}."
        )
    _check_work(
        own, new, environment.max_seconds_per_person(), "your runs waiting or running", "one person"
    )


def _check_address(same: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued_per_address()
    if len(same) >= limit:
        raise QueueError(
            f"{len(same)} runs from your network address are waiting or running, and {limit} is "
            f"the limit for one address; {_LATER}."
        )
    _check_work(
        same,
        new,
        environment.max_seconds_per_address(),
        "the runs waiting or running from your network address",
        "one address",
    )


def _check_all(everybody: Sequence[Entry], new: Entry) -> None:
    limit = environment.max_queued()
    if len(everybody) >= limit:
        raise QueueError(
            f"{len(everybody)} runs are waiting or running, and {limit} is the limit for "
            f"everybody together; {_LATER}."
        )
    _check_work(
        everybody,
        new,
        environment.max_seconds(),
        "the runs of all visitors waiting or running",
        "everybody together",
    )


def _check_work(held: Sequence[Entry], new: Entry, limit: int, which: str, whose: str) -> None:
    if new.address is None:
        return
    work = sum(entry.work for entry in held if entry.address is not None)
    if work + new.work <= limit:
        return
    new_time, most = format_duration(new.work), format_duration(limit)
    if new.work > limit:
        raise QueueError(
            f"this run would take about {new_time}, and {most} is the limit for {whose}; "
            "choose fewer cycles, epochs, images or seeds."
        )
    way_out = _WAIT if whose == "one person" else _LATER
    raise QueueError(
        f"{which} take about {format_duration(work)} and this one would add {new_time}, "
        f"and {most} is the limit for {whose}; {way_out}."
    )
