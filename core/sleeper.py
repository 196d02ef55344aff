"""One seed's night: its model, its Adam state, and how both train for an epoch."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.draws import Purpose, stream
from core.errors import DivergedError
from core.gradients import Gradients
from core.stopping import Check
from core.vae import VAE

MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what Adam keeps of each parameter

_ADAM_EPS = 1e-7


@dataclass(frozen=True)
class Sleeper:
    """One seed's model and the one Adam state that runs through its whole night.

    The model's parameters are parts of the one vector ``weights``, so that Adam has one tensor to
    update and not twenty. ``check`` is called before every step, and raises where the night is to
    stop.
    """

    seed: int
    vae: VAE
    weights: nn.Parameter
    adam: torch.optim.Adam
    gradients: Gradients
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
            losses = self.gradients(batch, noise_batch)
            self.adam.step()
            sums += torch.stack(losses) * len(batch)
        total, reconstruction, kl = (sums / len(images)).tolist()
        return total, reconstruction, kl

    def moments(self) -> dict[str, dict[str, Tensor]]:
        """Adam's state of each of the model's parameters, by name; {} before the first step."""
        state = self.adam.state.get(self.weights)
        if not state:
            return {}
        parts = {moment: _parts(self.vae, state[moment]) for moment in MOMENTS[1:]}
        return {
            name: {"step": state["step"], **{moment: part[name] for moment, part in parts.items()}}
            for name in parts["exp_avg"]
        }

    def restore(
        self, model: Mapping[str, Tensor], moments: Mapping[str, Mapping[str, Tensor]]
    ) -> None:
        """Take over a model and what `moments` gave of it."""
        self.vae.load_state_dict(dict(model))
        names = [name for name, _ in self.vae.named_parameters()]
        state = {
            "step": moments[names[0]]["step"],
            **{
                moment: torch.cat([moments[name][moment].flatten() for name in names])
                for moment in MOMENTS[1:]
            },
        }
        groups = self.adam.state_dict()["param_groups"]
        self.adam.load_state_dict({"state": {0: state}, "param_groups": groups})

    def diverged(self, what: str, place: str) -> DivergedError:
        """The error to raise when ``what`` is not finite at ``place`` in the night."""
        return DivergedError(
            f"the {what} of seed {self.seed} is not finite in {place}; "
            f"lr is {self.adam.defaults['lr']}, choose a smaller one."
        )


def fall_asleep(before: VAE, seed: int, lr: float, check: Check) -> Sleeper:
    """A sleeper with a copy of the model as it is before the night, and a fresh Adam state."""
    vae = copy.deepcopy(before)
    weights = nn.Parameter(nn.utils.parameters_to_vector(vae.parameters()).detach())
    weights.grad = torch.zeros_like(weights)
    values, grads = (_parts(vae, vector) for vector in (weights.detach(), weights.grad))
    for name, parameter in vae.named_parameters():
        parameter.data, parameter.grad = values[name], grads[name]
    fused = weights.device.type in ("cpu", "cuda")
    adam = torch.optim.Adam([weights], lr=lr, eps=_ADAM_EPS, fused=fused)
    return Sleeper(seed, vae, weights, adam, Gradients(vae), check)


def _parts(vae: VAE, vector: Tensor) -> dict[str, Tensor]:
    """The parts of ``vector`` that belong to each of the model's parameters, in their shapes."""
    named = list(vae.named_parameters())
    parts = vector.split([parameter.numel() for _, parameter in named])
    return {
        name: part.view_as(parameter) for (name, parameter), part in zip(named, parts, strict=True)
    }
