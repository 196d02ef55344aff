"""Seeded streams of random numbers, one for each purpose.

Every stream is named by (seed, purpose, position in the night) and starts afresh from that name
alone. So a seed draws the same numbers whatever other seeds run beside it, evaluation cannot
advance training's numbers, and a night resumed at any stage needs no saved generator.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What the numbers are for. The values are part of every result: never renumber them."""

    INITIAL_WEIGHTS = 0
    SUBSET = 1
    SHUFFLE = 2
    NOISE = 3
    DREAMS = 4
    MASKS = 5
    OUTLIERS = 6


def random_stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """The generator of ``purpose`` at ``position`` (cycle, stage, epoch, ...) for ``seed``.

    Built on NumPy's ``SeedSequence`` with a spawn key, which keeps streams statistically
    independent for any two different names.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *position)))
