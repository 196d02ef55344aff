"""Masks: which pixels of an image are hidden in the partial image that recall starts from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.support.random_streams import Purpose, random_stream

SIDE = 28
_MASK_SEED = 0  # constant: every run, cycle and condition is measured on the same partial images

HiddenPixels = NDArray[np.bool_]


@dataclass(frozen=True)
class Mask:
    """A rule that selects the hidden pixels of partial images.

    Attributes
    ----------
    name : str
        Name in `MASKS`, settings and addresses.
    label : str
        Name on the page and in reports.
    takes_fraction : bool
        Whether the setting ``mask_fraction`` changes the hidden pixels.
    hidden : Callable of (int, float) to bool array
        ``hidden(n, fraction)`` returns bool [n, 28, 28], True where a pixel is hidden. The mask of
        image i depends on i and, if ``takes_fraction``, on the fraction, but not on n.
    """

    name: str
    label: str
    takes_fraction: bool
    hidden: Callable[[int, float], HiddenPixels]


def _random(count: int, fraction: float) -> HiddenPixels:
    """Hide exactly ``round(fraction * 784)`` random pixels per image."""
    pixels = SIDE * SIDE
    ranks = random_stream(_MASK_SEED, Purpose.MASKS).random((count, pixels), dtype=np.float32)
    order = ranks.argsort(axis=1, kind="stable").astype(np.int16)
    hidden = np.zeros((count, pixels), dtype=bool)
    np.put_along_axis(hidden, order[:, : round(fraction * pixels)].astype(np.intp), True, axis=1)
    return hidden.reshape(count, SIDE, SIDE)


def _region(rows: slice, columns: slice) -> Callable[[int, float], HiddenPixels]:
    def hidden(count: int, fraction: float) -> HiddenPixels:
        mask = np.zeros((count, SIDE, SIDE), dtype=bool)
        mask[:, rows, columns] = True
        return mask

    return hidden


_ALL, _FIRST_HALF, _MIDDLE = slice(None), slice(0, SIDE // 2), slice(SIDE // 4, 3 * SIDE // 4)

MASKS = {
    mask.name: mask
    for mask in (
        Mask("random", "Random pixels", True, _random),
        Mask("top", "Top half", False, _region(_FIRST_HALF, _ALL)),
        Mask("left", "Left half", False, _region(_ALL, _FIRST_HALF)),
        Mask("centre", "Centre square", False, _region(_MIDDLE, _MIDDLE)),
    )
}
