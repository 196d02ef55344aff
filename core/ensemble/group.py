"""Some of an ensemble's models, trained together by one thread or on one GPU."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.ensemble.cuda_graph import capture_graph
from core.ensemble.gradients import Gradients
from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import image_losses
from core.support.stopping import Check

_ADAM_EPS = 1e-7
_AT_ONCE = 8  # images of a batch: the buffers take 1.2 MB for each of them and each seed


@dataclass(frozen=True)
class Rows:
    """Models and Adam's moments, all [seeds, `Packing.length`]; ``steps`` [seeds]."""

    weights: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor
    steps: Tensor

    def __getitem__(self, place: slice) -> "Rows":
        return Rows(*(tensor[place] for tensor in vars(self).values()))


class Group:
    """Trains ``rows`` in place, which all have taken equally many steps. It keeps only buffers."""

    def __init__(self, rows: Rows, packing: ParameterLayout, lr: float) -> None:
        self._rows, self._packing, self._lr = rows, packing, lr
        self._weights = packing.matrices(rows.weights)
        self._part, self._whole = (torch.zeros_like(rows.weights) for _ in range(2))
        self._step = rows.steps[0].clone()
        self._gradients: dict[tuple[int, int], tuple[Gradients, Callable[[], None]]] = {}

    @torch.no_grad()
    def train(self, images: Tensor, noise: Tensor, batch_size: int, check: Check) -> Tensor:
        """Train one epoch on ``images`` [seeds, n, 28, 28] in their order, with their ``noise``.

        Returns [seeds, 3]: the mean total, reconstruction and KL loss in nats an image.
        """
        self._step.copy_(self._rows.steps[0])
        made = []
        for batch, its_noise in zip(
            images.split(batch_size, 1), noise.split(batch_size, 1), strict=True
        ):
            check()
            made += self._learn(batch, its_noise)
        self._rows.steps.copy_(self._step)
        # Once for all steps, for no step needs its loss.
        logits, heads = (torch.cat(each, 1) for each in zip(*made, strict=True))
        reconstruction, kl = image_losses(images, logits, *heads.chunk(2, 2))
        parts = torch.stack([reconstruction + kl, reconstruction, kl], 2)
        return parts.mean(1)

    def _learn(self, batch: Tensor, noise: Tensor) -> list[tuple[Tensor, Tensor]]:
        """One step; gives the logits and the heads' outputs of each of the batch's parts."""
        of, made = batch.shape[1], []
        for part, its_noise in zip(batch.split(_AT_ONCE, 1), noise.split(_AT_ONCE, 1), strict=True):
            gradients, step = self._ready(part.shape[1], of)
            gradients.images.copy_(part)
            gradients.noise.copy_(its_noise)
            step()
            made.append((gradients.logits.clone(), gradients.heads.clone()))
            if of > _AT_ONCE:
                self._whole += self._part
        if of > _AT_ONCE:
            self._adam(self._whole)
            self._whole.zero_()
        return made

    def _ready(self, count: int, of: int) -> tuple[Gradients, Callable[[], None]]:
        """What to write ``count`` images to, and the step over them that then goes.

        Of a batch in one part it is all of the step, Adam's update too.
        """
        if (count, of) not in self._gradients:
            grads = self._packing.matrices(self._part)
            gradients = Gradients(self._weights, grads, count, of)

            def step() -> None:
                gradients()
                if of <= _AT_ONCE:
                    self._adam(self._part)

            changed = (self._rows.weights, self._rows.exp_avg, self._rows.exp_avg_sq, self._step)
            on_gpu = self._part.device.type == "cuda"
            self._gradients[count, of] = gradients, capture_graph(step, changed) if on_gpu else step
        return self._gradients[count, of]

    def _adam(self, grads: Tensor) -> None:
        self._step += 1
        # What `torch.optim.Adam(fused=True)` ends in. The way there takes longer than the update.
        torch._fused_adam_(
            [self._rows.weights],
            [grads],
            [self._rows.exp_avg],
            [self._rows.exp_avg_sq],
            [],
            [self._step],
            lr=self._lr,
            beta1=0.9,
            beta2=0.999,
            eps=_ADAM_EPS,
            weight_decay=0,
            amsgrad=False,
            maximize=False,
        )
