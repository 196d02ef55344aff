"""Fair order of queued runs: no second run of a person starts before everyone's first.

Round robin over persons: the next run belongs to the person whose last start was the longest ago.
Persons without a start come first, in the order of their requests.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from core.queue.entry import Entry


@dataclass
class RoundRobin:
    """Order of the last starts of all persons with queued or running runs.

    ``last_start`` maps a person to the number of their last start; numbers increase over time.
    """

    last_start: dict[str, int] = field(default_factory=dict)

    def forget_all_but(self, present: Iterable[str]) -> None:
        """Forget everyone who is not ``present``; a person who returns counts as new."""
        persons = set(present)
        self.last_start = {
            person: start for person, start in self.last_start.items() if person in persons
        }

    def mark_started(self, person: str) -> None:
        """Record that a run of ``person`` starts."""
        self.last_start[person] = max(self.last_start.values(), default=0) + 1


def start_order(waiting: Sequence[Entry], last_start: Mapping[str, int]) -> list[Entry]:
    """Return ``waiting`` in the order in which the runs start; ``last_start``: see `RoundRobin`."""
    entries_of: dict[str, list[Entry]] = {}
    for entry in sorted(waiting, key=lambda entry: (entry.submitted, entry.run)):
        entries_of.setdefault(entry.person, []).append(entry)
    # The sort is stable: persons without a start stay in the order of their first requests.
    persons = sorted(entries_of, key=lambda person: last_start.get(person, 0))
    rounds = zip_longest(*(entries_of[person] for person in persons))
    return [entry for entry in chain.from_iterable(rounds) if entry is not None]
