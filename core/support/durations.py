"""Durations as text, identical on the page, in a terminal and in error messages."""

_MINUTES_FROM_S = 95
_HOURS_FROM_S = 5_400


def format_duration(seconds: float) -> str:
    """Format a duration with one unit: "40 s" (at least "10 s"), "3 min", "1.5 h"."""
    if seconds < _MINUTES_FROM_S:
        return f"{max(round(seconds, -1), 10):.0f} s"
    if seconds < _HOURS_FROM_S:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
