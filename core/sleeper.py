"""One seed's night: its model, its Adam state, and how both train for an epoch."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.draws import Purpose, stream
from core.errors import DivergedError
from core.stopping import Check
from core.vae import VAE

_ADAM_EPS = 1e-7


@dataclass(frozen=True)
class Sleeper:
    """One seed's model and the one Adam state that runs through its whole night.

    ``check`` is called before every step, and raises where the night is to stop.
    """

    seed: int
    vae: VAE
    adam: torch.optim.Adam
    check: Check

    def train(
        self, images: Tensor, position: tuple[int, ...], batch_size: int
    ) -> tuple[float, float, float]:
        """Train one epoch on ``images`` [n, 1, 28, 28], shuffled.

        ``position`` names the random stream. Returns the mean total, reconstruction and KL loss
        in nats an image.
        """
        order = stream(self.seed, Purpose.SHUFFLE, *position).permutation(len(images))
        shape = (len(images), self.vae.latent_dim)
        drawn = stream(self.seed, Purpose.NOISE, *position).standard_normal(shape, dtype=np.float32)
        shuffled = images[torch.from_numpy(order).to(images.device)]
        noise = torch.from_numpy(drawn).to(images.device)
        sums = torch.zeros(3, device=images.device)
        for batch, noise_batch in zip(
            shuffled.split(batch_size), noise.split(batch_size), strict=True
        ):
            self.check()
            losses = self.vae.losses(batch, noise_batch)
            self.adam.zero_grad()
            losses.total.backward()
            self.adam.step()
            sums += torch.stack(losses).detach() * len(batch)
        total, reconstruction, kl = (sums / len(images)).tolist()
        return total, reconstruction, kl

    def diverged(self, what: str, place: str) -> DivergedError:
        """The error to raise when ``what`` is not finite at ``place`` in the night."""
        return DivergedError(
            f"the {what} of seed {self.seed} is not finite in {place}; "
            f"lr is {self.adam.defaults['lr']}, choose a smaller one."
        )


def fall_asleep(before: VAE, seed: int, lr: float, check: Check) -> Sleeper:
    """A sleeper with a copy of the model as it is before the night, and a fresh Adam state."""
    vae = copy.deepcopy(before)
    fused = next(vae.parameters()).device.type in ("cpu", "cuda")
    adam = torch.optim.Adam(vae.parameters(), lr=lr, eps=_ADAM_EPS, fused=fused)
    return Sleeper(seed, vae, adam, check)
