"""Whose turn it is: nobody's second run starts before everybody's first.

Round robin over persons: the next run is of the person whose last start was the longest ago, and
persons without a start come first, in the order in which they came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from core.queue.entry import Entry


@dataclass
class RoundRobin:
    """``last``: the number of the last start of each person who has runs waiting or running."""

    last: dict[str, int] = field(default_factory=dict)

    def keep(self, present: Iterable[str]) -> None:
        """Forget all but those ``present``, so that a person who comes back is new again."""
        here = set(present)
        self.last = {person: start for person, start in self.last.items() if person in here}

    def took(self, person: str) -> None:
        """Note that a run of ``person`` starts."""
        self.last[person] = max(self.last.values(), default=0) + 1


def start_order(waiting: Sequence[Entry], last: Mapping[str, int]) -> list[Entry]:
    """``waiting`` in the order in which the runs will start, see `RoundRobin` for ``last``."""
    runs: dict[str, list[Entry]] = {}
    for entry in sorted(waiting, key=lambda entry: (entry.at, entry.run)):
        runs.setdefault(entry.person, []).append(entry)
    persons = sorted(runs, key=lambda person: last.get(person, 0))  # stable: by first run
    rounds = zip_longest(*(runs[person] for person in persons))
    return [entry for entry in chain.from_iterable(rounds) if entry is not None]
