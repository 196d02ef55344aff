"""Stopping a night between two training steps, with a check that raises `Stopped`.

Training and evaluation call the check before every batch, so a stop need not wait until the night
yields its next event.
"""

from collections.abc import Callable

Check = Callable[[], None]  # returns to continue, raises `Stopped` to stop


class Stopped(Exception):  # noqa: N818 (not an error)
    """A stop of the run was requested."""


def never() -> None:
    """Check that never stops the night."""
