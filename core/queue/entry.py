"""Entry of the queue: one requested run."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# The queue file's keys for fields that had other names in earlier versions. They stay, so that a
# client and an engine of different versions can read each other's files.
_FILE_KEYS = {"submitted": "at", "reference_seconds": "work"}


@dataclass(frozen=True)
class Entry:
    """Requested run.

    Attributes
    ----------
    run : str
        Id of the run.
    person : str
        Name of the person who requested it.
    submitted : float
        Time of the request, in seconds since 1970.
    address : str or None, default None
        Hashed network address of the request, see `core.queue.addresses.hashed_name`. None means
        that a program of the host submitted the run.
    reference_seconds : float, default 0.0
        Expected duration in seconds on the reference machine, see
        `core.queue.estimates.reference_seconds`; 0 if it is unknown.
    """

    run: str
    person: str
    submitted: float
    address: str | None = None
    reference_seconds: float = 0.0

    def values(self) -> dict[str, Any]:
        """Return the content of the entry's file as JSON values."""
        return {_FILE_KEYS.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_values(cls, run: str, values: Mapping[str, Any]) -> "Entry":
        """Return the entry of ``run`` from the JSON object in its file.

        Files of earlier versions may lack the address and the expected duration. Raises KeyError,
        TypeError or ValueError if the object is not an entry.
        """
        address = values.get("address")
        submitted = float(values[_FILE_KEYS["submitted"]])
        seconds = float(values.get(_FILE_KEYS["reference_seconds"], 0.0))
        if not (math.isfinite(submitted) and math.isfinite(seconds) and seconds >= 0):
            raise ValueError(values)
        address = None if address is None else str(address)
        return cls(run, str(values["person"]), submitted, address, seconds)
