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

    def welcome(self, present: Iterable[str]) -> None:
        """Note who has runs now: those who came are one turn ahead of the others, those who
        left are forgotten.

        One turn and no more, so that a late comer's second run waits like everybody's.
        """
        here = set(present)
        staying = [turns for person, turns in self.taken.items() if person in here]
        first = max(min(staying, default=0) - 1, 0)
        self.taken = {person: self.taken.get(person, first) for person in sorted(here)}

    def took(self, person: str) -> None:
        """A run of ``person`` starts."""
        self.taken[person] = self.taken.get(person, 0) + 1


def order(waiting: Sequence[Entry], taken: Mapping[str, int]) -> list[Entry]:
    """``waiting`` in the order in which the runs will start."""
    turns = dict(taken)
    ranked = []
    for entry in sorted(waiting, key=lambda entry: (entry.at, entry.run)):
        rank = turns.get(entry.person, 0)
        turns[entry.person] = rank + 1
        ranked.append((rank, entry.at, entry.run, entry))
    return [entry for *_, entry in sorted(ranked, key=lambda ranks: ranks[:3])]
