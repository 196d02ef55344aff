"""The nights that the page shows beside each other."""

from dataclasses import dataclass

from core.replay import RunState


@dataclass(frozen=True)
class Arm:
    """One night of those compared: ``name`` in charts, as "no REM", ``adverb`` in sentences."""

    name: str
    adverb: str
    state: RunState


Arms = tuple[Arm, ...]
"""One's own night, then the one beside it, if there is one."""
