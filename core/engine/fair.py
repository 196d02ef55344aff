"""Whose turn it is: nobody's second run starts before everybody's first.

Start-time fair queueing over whole runs: each person has a count of turns, and the next run is of
whoever has had the fewest. Source: Goyal, Vin & Cheng 1996, doi 10.1145/248156.248171.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.engine.queue import Entry


@dataclass
class Turns:
    """How many turns each person has had, among those who have runs waiting or asleep."""

    taken: dict[str, int] = field(default_factory=dict)
    _new: set[str] = field(default_factory=set)  # who have had no turn yet

    def welcome(self, present: Iterable[str], waiting: Iterable[str]) -> None:
        """Note who has runs now, and whose of these some wait. Those who left are forgotten.

        Those who came are one turn ahead of all who have had one: one and no more, so that a late
        comer's second run waits like everybody's. Who has nothing waiting saves up no turns.
        """
        here, queued = set(present), set(waiting)
        staying = {person: turns for person, turns in self.taken.items() if person in here}
        turns = [staying[person] for person in staying if person in queued]
        now = min(turns, default=max(staying.values(), default=0))
        first = now if self._new & staying.keys() else now - 1
        self._new = (self._new & here) | (here - staying.keys())
        self.taken = {
            person: staying[person] if person in queued else max(staying[person], now)
            for person in staying
        } | dict.fromkeys(sorted(here - staying.keys()), first)

    def took(self, person: str) -> None:
        """A run of ``person`` starts."""
        self.taken[person] += 1
        self._new.discard(person)


def order(waiting: Sequence[Entry], taken: Mapping[str, int]) -> list[Entry]:
    """``waiting`` in the order in which the runs will start."""
    turns = dict(taken)
    ranked = []
    for entry in sorted(waiting, key=lambda entry: (entry.at, entry.run)):
        rank = turns.get(entry.person, 0)
        turns[entry.person] = rank + 1
        ranked.append((rank, entry.at, entry.run, entry))
    return [entry for *_, entry in sorted(ranked, key=lambda ranks: ranks[:3])]
