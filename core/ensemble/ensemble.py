"""Models and Adam states of all seeds of a night, in one set of tensors."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from core.ensemble.group import SeedGroup, TrainingState
from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE
from core.support.errors import DivergedError
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Check, never
from core.support.threads import parallel_map

MeanLosses = tuple[float, float, float]  # total, reconstruction and KL, in nats per image

MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's moving averages of the gradient and of its square


class Ensemble:
    """One model per seed, each with one Adam state for the whole night.

    A seed's results do not depend, bit for bit, on the other seeds or on the number of threads.

    Parameters
    ----------
    initial_model : VAE
        Model that every seed starts from; it is not modified. The ensemble is on its device.
    seeds : sequence of int
        Seeds of the random streams; a seed's *index* below is its position in this sequence.
    lr : float
        Adam's learning rate.
    check : Check, optional
        Called before every step; it may raise. By default nothing is called.
    """

    def __init__(
        self, initial_model: VAE, seeds: Sequence[int], lr: float, check: Check = never
    ) -> None:
        self.seeds, self._lr, self._check = tuple(seeds), lr, check
        self._template = {name: p.detach() for name, p in initial_model.named_parameters()}
        self._latent_dim = initial_model.latent_dim
        self._layout = ParameterLayout(initial_model.latent_dim)
        self._device = next(initial_model.parameters()).device
        shape = (len(self.seeds), self._layout.length)
        weights, exp_avg, exp_avg_sq = (torch.zeros(shape, device=self._device) for _ in range(3))
        steps = torch.zeros(len(self.seeds), device=self._device)
        self._state = TrainingState(weights, exp_avg, exp_avg_sq, steps)
        for row in weights:
            self._layout.pack(self._template, row)
        self._groups: list[tuple[slice, SeedGroup]] = []

    def train(
        self, images: Tensor, position: tuple[int, ...], batch_size: int, threads: int = 1
    ) -> list[MeanLosses]:
        """Train every seed for one epoch on its own images, in random order.

        Parameters
        ----------
        images : Tensor
            [seeds, n, 1, 28, 28] in [0, 1].
        position : tuple of int
            Position in the night, (cycle, stage, epoch); part of the random streams' names.
        batch_size : int
            Images per step; the last batch may be smaller.
        threads : int, default 1
            CPU threads that share the seeds; the result does not depend on it.

        Returns
        -------
        list of MeanLosses
            Each seed's losses, averaged over the epoch.
        """
        maps = images.squeeze(2)

        def epoch(task: tuple[slice, SeedGroup]) -> Tensor:
            rows, group = task
            streams = [self._draw(seed, position, maps.shape[1]) for seed in self.seeds[rows]]
            orders, noises = zip(*streams, strict=True)
            shuffled = [one[order] for one, order in zip(maps[rows], orders, strict=True)]
            return group.train(torch.stack(shuffled), torch.stack(noises), batch_size, self._check)

        means = parallel_map(epoch, self._divide(threads), threads)
        return [(total, error, kl) for total, error, kl in torch.cat(means).tolist()]

    def _draw(self, seed: int, position: tuple[int, ...], count: int) -> tuple[Tensor, Tensor]:
        """Return the order [count] and the noise [count, latent_dim] of a seed's epoch."""
        order = random_stream(seed, Purpose.SHUFFLE, *position).permutation(count)
        noise = random_stream(seed, Purpose.NOISE, *position).standard_normal(
            (count, self._latent_dim), dtype=np.float32
        )
        return torch.from_numpy(order).to(self._device), torch.from_numpy(noise).to(self._device)

    def vae(self, index: int) -> VAE:
        """Return a copy of the model of the seed at ``index``."""
        with torch.device("meta"):  # without random initial weights
            vae = VAE(self._latent_dim)
        copy = self._layout.unpack(self._state.weights[index], self._template)
        vae.load_state_dict(copy, assign=True)
        return vae.requires_grad_(False)

    def vaes(self) -> list[VAE]:
        """Return a copy of every seed's model."""
        return [self.vae(index) for index in range(len(self.seeds))]

    def moments(self, index: int) -> dict[str, dict[str, Tensor]]:
        """Return copies of the Adam moments of the seed at ``index``: [moment][parameter]."""
        return {
            moment: self._layout.unpack(getattr(self._state, moment)[index], self._template)
            for moment in MOMENTS
        }

    @property
    def steps(self) -> int:
        """Number of steps that every seed has taken."""
        return int(self._state.steps[0])

    def restore(
        self,
        index: int,
        model: Mapping[str, Tensor],
        moments: Mapping[str, Mapping[str, Tensor]],
        steps: int,
    ) -> None:
        """Replace one seed's model and Adam state.

        Parameters
        ----------
        index : int
            Index of the seed.
        model : Mapping of str to Tensor
            Parameters by name.
        moments : Mapping of str to Mapping
            Adam's moments, as `moments` returns them.
        steps : int
            Steps that led to this state.
        """
        self._layout.pack(model, self._state.weights[index])
        for moment in MOMENTS:
            self._layout.pack(moments[moment], getattr(self._state, moment)[index])
        self._state.steps[index] = steps

    def divergence(self, index: int, quantity: str, position: str) -> DivergedError:
        """Return the error to raise when a number is not finite.

        Parameters
        ----------
        index : int
            Index of the seed.
        quantity : str
            The number, such as "loss".
        position : str
            Position in the night, such as "cycle 2, NREM epoch 1".

        Returns
        -------
        DivergedError
            Its message names seed, quantity, position and learning rate.
        """
        return DivergedError(
            f"the {quantity} of seed {self.seeds[index]} is not finite in {position}; "
            f"lr is {self._lr}, choose a smaller one."
        )

    def _divide(self, threads: int) -> list[tuple[slice, SeedGroup]]:
        """Divide the seeds into one group per thread; on a GPU into a single group.

        Large groups rather than one per seed: Python runs one thread at a time, so that two
        threads with a seed each would mostly wait for each other to launch operations.
        """
        seeds = len(self.seeds)
        groups = min(threads, seeds) if self._device.type == "cpu" else 1
        if len(self._groups) != groups:
            bounds = [seeds * number // groups for number in range(groups + 1)]
            slices = [slice(*pair) for pair in itertools.pairwise(bounds)]
            self._groups = [
                (rows, SeedGroup(self._state[rows], self._layout, self._lr)) for rows in slices
            ]
        return self._groups
