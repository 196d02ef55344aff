"""What the tests of nights ask of their events, and dreams made by hand."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.model.vae import VAE
from core.runs.events import EpochDone
from core.schedule.config import RunConfig
from core.support.random_streams import Purpose, random_stream
from tests.conftest import of_kind


def losses(events: list[Any], place: int = 0) -> list[tuple[float, float, float]]:
    """The epochs' losses of one seed, by its place in the config."""
    return [
        (event.total[place], event.reconstruction[place], event.kl[place])
        for event in of_kind(events, EpochDone)
    ]


@torch.no_grad()
def dreams(dreamer: VAE, config: RunConfig, cycle: int) -> Tensor:
    """What the first seed dreams with ``dreamer`` in a cycle: [num, 1, 28, 28]."""
    latents = random_stream(config.seeds[0], Purpose.DREAMS, cycle).standard_normal(
        (config.num, config.latent_dim), dtype=np.float32
    )
    return dreamer.dream(torch.from_numpy(latents))
