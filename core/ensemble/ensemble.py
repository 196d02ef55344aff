"""All seeds of a night as one ensemble: their models and Adam states in one set of tensors."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from core.ensemble.group import Group, Rows
from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE
from core.support.errors import DivergedError
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Check, never
from core.support.threads import parallel_map

MeanLosses = tuple[float, float, float]  # total, reconstruction and KL, in nats an image

MOMENTS = ("exp_avg", "exp_avg_sq")  # what Adam keeps of each parameter


class Ensemble:
    """One model a seed, each with the one Adam state that runs through its whole night.

    Every seed draws the numbers that it would draw alone, and learns the same from them, bit for
    bit, whatever seeds lie beside it and however many threads share the work out.
    """

    def __init__(self, before: VAE, seeds: Sequence[int], lr: float, check: Check = never) -> None:
        """All seeds start from ``before``. ``check`` is called before every step, and may raise."""
        self.seeds, self._lr, self._check = tuple(seeds), lr, check
        self._shapes = {name: value.detach() for name, value in before.named_parameters()}
        self._latent_dim = before.latent_dim
        self._packing = ParameterLayout(before.latent_dim)
        self._device = next(before.parameters()).device
        shape = (len(self.seeds), self._packing.length)
        weights, first, second = (torch.zeros(shape, device=self._device) for _ in range(3))
        steps = torch.zeros(len(self.seeds), device=self._device)
        self._rows = Rows(weights, first, second, steps)
        for row in weights:
            self._packing.pack(self._shapes, row)
        self._groups: list[tuple[slice, Group]] = []

    def train(
        self, pictures: Tensor, position: tuple[int, ...], batch_size: int, threads: int = 1
    ) -> list[MeanLosses]:
        """Train every seed for one epoch on its own ``pictures`` [seeds, n, 1, 28, 28], shuffled.

        ``position`` names the random streams. Returns each seed's losses.
        """
        images = pictures.squeeze(2)

        def epoch(part: tuple[slice, Group]) -> Tensor:
            place, group = part
            drawn = [self._draw(seed, position, images.shape[1]) for seed in self.seeds[place]]
            orders, noises = zip(*drawn, strict=True)
            shuffled = [own[order] for own, order in zip(images[place], orders, strict=True)]
            return group.train(torch.stack(shuffled), torch.stack(noises), batch_size, self._check)

        means = parallel_map(epoch, self._shared_out(threads), threads)
        return [(total, error, kl) for total, error, kl in torch.cat(means).tolist()]

    def _draw(self, seed: int, position: tuple[int, ...], count: int) -> tuple[Tensor, Tensor]:
        """The order and the noise [count, latent_dim] of a seed's epoch."""
        order = random_stream(seed, Purpose.SHUFFLE, *position).permutation(count)
        noise = random_stream(seed, Purpose.NOISE, *position).standard_normal(
            (count, self._latent_dim), dtype=np.float32
        )
        return torch.from_numpy(order).to(self._device), torch.from_numpy(noise).to(self._device)

    def vae(self, place: int) -> VAE:
        """A copy of the model of the seed at ``place``."""
        with torch.device("meta"):  # which draws no initial weights
            vae = VAE(self._latent_dim)
        copy = self._packing.unpack(self._rows.weights[place], self._shapes)
        vae.load_state_dict(copy, assign=True)
        return vae.requires_grad_(False)

    def vaes(self) -> list[VAE]:
        """A copy of every seed's model."""
        return [self.vae(place) for place in range(len(self.seeds))]

    def moments(self, place: int) -> dict[str, dict[str, Tensor]]:
        """Adam's state of the seed at ``place``: for each moment, its tensors by parameter."""
        return {
            moment: self._packing.unpack(getattr(self._rows, moment)[place], self._shapes)
            for moment in MOMENTS
        }

    @property
    def steps(self) -> int:
        """How many steps every seed has taken."""
        return int(self._rows.steps[0])

    def restore(
        self,
        place: int,
        model: Mapping[str, Tensor],
        moments: Mapping[str, Mapping[str, Tensor]],
        steps: int,
    ) -> None:
        """Give the seed at ``place`` a model, and what `moments` gave of it after ``steps``."""
        self._packing.pack(model, self._rows.weights[place])
        for moment in MOMENTS:
            self._packing.pack(moments[moment], getattr(self._rows, moment)[place])
        self._rows.steps[place] = steps

    def diverged(self, place: int, what: str, where: str) -> DivergedError:
        """The error to raise when ``what`` of the seed at ``place`` is not finite."""
        return DivergedError(
            f"the {what} of seed {self.seeds[place]} is not finite in {where}; "
            f"lr is {self._lr}, choose a smaller one."
        )

    def _shared_out(self, threads: int) -> list[tuple[slice, Group]]:
        """The seeds in as many groups as there are threads; on a GPU all of them in one.

        Few large groups and not many small ones: Python lets one thread at a time tell torch what
        to do next, and of two threads with a seed each one would mostly wait for the other.
        """
        seeds = len(self.seeds)
        groups = min(threads, seeds) if self._device.type == "cpu" else 1
        if len(self._groups) != groups:
            ends = [seeds * number // groups for number in range(groups + 1)]
            places = [slice(*each) for each in itertools.pairwise(ends)]
            self._groups = [
                (place, Group(self._rows[place], self._packing, self._lr)) for place in places
            ]
        return self._groups
