"""Which pixels of a partial image are hidden. Recall starts from what is left."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.support.random_streams import Purpose, random_stream

SIDE = 28
_MASK_SEED = 0  # not a run's seed: every night, cycle and arm must see the same partial images

Hidden = NDArray[np.bool_]


@dataclass(frozen=True)
class Mask:
    """One way to hide a part of an image.

    ``hidden(n, fraction)`` returns bool [n, 28, 28], True where a pixel is set to 0. Only masks
    with ``takes_fraction`` look at the fraction.
    """

    name: str
    label: str
    takes_fraction: bool
    hidden: Callable[[int, float], Hidden]


def _random(count: int, fraction: float) -> Hidden:
    """Exactly ``round(fraction * 784)`` pixels an image, other ones in each image."""
    pixels = SIDE * SIDE
    ranks = random_stream(_MASK_SEED, Purpose.MASKS).random((count, pixels), dtype=np.float32)
    order = ranks.argsort(axis=1, kind="stable").astype(np.int16)
    hidden = np.zeros((count, pixels), dtype=bool)
    np.put_along_axis(hidden, order[:, : round(fraction * pixels)].astype(np.intp), True, axis=1)
    return hidden.reshape(count, SIDE, SIDE)


def _region(rows: slice, columns: slice) -> Callable[[int, float], Hidden]:
    def hidden(count: int, fraction: float) -> Hidden:
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
