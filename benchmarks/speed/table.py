"""Rows of text in one format."""

import statistics
from collections.abc import Sequence


def row(label: str, *values: str) -> None:
    """Print one row at once, without buffering."""
    print(f"{label:44}" + "".join(f"{value:>17}" for value in values), flush=True)


def ratio(baselines: Sequence[float], values: Sequence[float]) -> str:
    """Return the median and the range of baseline / value as text.

    The two sequences hold pairs that were measured directly one after the other, so that a slow
    moment of the machine affects both values of a pair.
    """
    ratios = [baseline / value for baseline, value in zip(baselines, values, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
