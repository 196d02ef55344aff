"""One entry of the queue."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A run that ``person`` wants since ``at`` (seconds since 1970).

    ``address`` names the network address that the request came from, as `addresses.hashed_name`
    returns it; it is None for a request of the host's own programs. ``work`` is the expected
    duration in seconds on the reference machine, see `pace.work`; 0 where it is unknown.
    """

    run: str
    person: str
    at: float
    address: str | None = None
    work: float = 0.0

    @classmethod
    def from_values(cls, run: str, values: Mapping[str, Any]) -> "Entry":
        """The entry that a file of the queue holds, also one of an earlier version.

        Raises KeyError, TypeError or ValueError for values that are no entry.
        """
        address = values.get("address")
        at, work = float(values["at"]), float(values.get("work", 0.0))
        if not (math.isfinite(at) and math.isfinite(work) and work >= 0):
            raise ValueError(values)
        return cls(run, str(values["person"]), at, None if address is None else str(address), work)
