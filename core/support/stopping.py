"""How a night is stopped between two steps: by a check that raises.

Training and measuring call their check before every batch, so that whoever drains the night's
events need not wait for the next one.
"""

from collections.abc import Callable

Check = Callable[[], None]


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """Somebody asked for the run to stop."""


def never() -> None:
    """The check of a night that nobody stops."""
