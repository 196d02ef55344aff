"""Named streams of random numbers, one per seed, purpose and position in the night.

The name of a stream is (seed, purpose, position). Its numbers depend on this name alone: each
stream starts from it and shares no state with other streams. Therefore

- a seed's numbers do not depend on which other seeds a run has,
- evaluation cannot advance the random numbers of training,
- a night resumes at any stage without a saved generator state.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is used for. Every result depends on the values: never renumber them."""

    INITIAL_WEIGHTS = 0
    SUBSET = 1
    SHUFFLE = 2
    NOISE = 3
    DREAMS = 4
    MASKS = 5
    OUTLIERS = 6


def random_stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """Return a new generator at the start of the stream named (seed, purpose, position).

    Two calls with the same name return generators of the same numbers. Streams of different names
    are statistically independent: the name becomes the entropy and the spawn key of NumPy's
    `SeedSequence`.

    Parameters
    ----------
    seed : int
        Seed of the run or of pre-training, 0 to 2**32 - 1.
    purpose : Purpose
        What the numbers are used for.
    *position : int
        Where in the night they are used, such as cycle, stage and epoch; as many levels as the
        caller needs. Positions of different lengths name different streams, even if they differ
        only in trailing zeros.

    Returns
    -------
    numpy.random.Generator
        Generator that no other caller shares.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *position)))
