"""Values that the tests of `core.training` read from events, and dreams computed independently."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.model.vae import VAE
from core.runs.events import EpochDone
from core.schedule.config import RunConfig
from core.support.random_streams import Purpose, random_stream
from tests.conftest import events_of_type


def losses(events: list[Any], index: int = 0) -> list[tuple[float, float, float]]:
    """Return (total, reconstruction, KL) per epoch of one seed, by its index in the config."""
    return [
        (event.total[index], event.reconstruction[index], event.kl[index])
        for event in events_of_type(events, EpochDone)
    ]


@torch.no_grad()
def dreams(dreamer: VAE, config: RunConfig, cycle: int) -> Tensor:
    """Compute the dreams of a cycle for the first seed.

    Parameters
    ----------
    dreamer : VAE
        Model that decodes the latents.
    config : RunConfig
        Settings of the run.
    cycle : int
        Cycle number, which selects the random stream.

    Returns
    -------
    Tensor
        Images of shape [num, 1, 28, 28], in [0, 1].
    """
    latents = random_stream(config.seeds[0], Purpose.DREAMS, cycle).standard_normal(
        (config.num, config.latent_dim), dtype=np.float32
    )
    return dreamer.dream(torch.from_numpy(latents))
