"""Rows of text, all alike."""

import statistics
from collections.abc import Sequence


def row(what: str, *values: str) -> None:
    """Print one row, at once."""
    print(f"{what:44}" + "".join(f"{value:>17}" for value in values), flush=True)


def ratio(baselines: Sequence[float], values: Sequence[float]) -> str:
    """The median (and range) of baseline over value, each with its neighbour in time.

    What slows the machine for a while slows both of a pair.
    """
    ratios = [baseline / value for baseline, value in zip(baselines, values, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
