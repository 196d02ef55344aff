"""Training of a group of an ensemble's models, by one CPU thread or on one GPU."""

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
_MICRO_BATCH = 8  # images: the buffers take 1.2 MB per image and seed


@dataclass(frozen=True)
class TrainingState:
    """Models and Adam states of several seeds, one row per seed (see `ParameterLayout`).

    Attributes
    ----------
    weights : Tensor
        Parameters, [seeds, length].
    exp_avg, exp_avg_sq : Tensor
        Adam's moving averages of the gradient and of its square, [seeds, length].
    steps : Tensor
        Steps taken, [seeds].
    """

    weights: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor
    steps: Tensor

    def __getitem__(self, seeds: slice) -> "TrainingState":
        """Return views of the rows ``seeds``."""
        return TrainingState(*(tensor[seeds] for tensor in vars(self).values()))


class SeedGroup:
    """Trains the models of ``state`` in place; only buffers are stored here.

    Parameters
    ----------
    state : TrainingState
        Models that have all taken the same number of steps.
    layout : ParameterLayout
        Layout of the rows of ``state``.
    lr : float
        Adam's learning rate.
    """

    def __init__(self, state: TrainingState, layout: ParameterLayout, lr: float) -> None:
        self._state, self._layout, self._lr = state, layout, lr
        self._weights = layout.matrices(state.weights)
        self._micro_batch_grads, self._batch_grads = (
            torch.zeros_like(state.weights) for _ in range(2)
        )
        self._step_count = state.steps[0].clone()
        # By the sizes of micro-batch and batch: the gradients and the step that computes them.
        self._prepared: dict[tuple[int, int], tuple[Gradients, Callable[[], None]]] = {}

    @torch.no_grad()
    def train(self, images: Tensor, noise: Tensor, batch_size: int, check: Check) -> Tensor:
        """Train one epoch, in the order of the images.

        Parameters
        ----------
        images : Tensor
            [seeds, n, 28, 28] in [0, 1].
        noise : Tensor
            Standard normal, [seeds, n, latent_dim].
        batch_size : int
            Images per step; the last batch may be smaller.
        check : Check
            Called before every step; it may raise.

        Returns
        -------
        Tensor
            [seeds, 3]: mean total, reconstruction and KL loss in nats per image.
        """
        self._step_count.copy_(self._state.steps[0])
        outputs = []
        for batch, batch_noise in zip(
            images.split(batch_size, 1), noise.split(batch_size, 1), strict=True
        ):
            check()
            outputs += self._step(batch, batch_noise)
        self._state.steps.copy_(self._step_count)
        # Once for all steps, because no step needs its loss.
        logits, heads = (torch.cat(parts, 1) for parts in zip(*outputs, strict=True))
        reconstruction, kl = image_losses(images, logits, *heads.chunk(2, 2))
        losses = torch.stack([reconstruction + kl, reconstruction, kl], 2)
        return losses.mean(1)

    def _step(self, batch: Tensor, noise: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Take one step; return the logits and the heads' outputs of each micro-batch."""
        batch_size, outputs = batch.shape[1], []
        for images, images_noise in zip(
            batch.split(_MICRO_BATCH, 1), noise.split(_MICRO_BATCH, 1), strict=True
        ):
            gradients, run = self._prepare(images.shape[1], batch_size)
            gradients.images.copy_(images)
            gradients.noise.copy_(images_noise)
            run()
            outputs.append((gradients.logits.clone(), gradients.heads.clone()))
            if batch_size > _MICRO_BATCH:
                self._batch_grads += self._micro_batch_grads
        if batch_size > _MICRO_BATCH:
            self._adam(self._batch_grads)
            self._batch_grads.zero_()
        return outputs

    def _prepare(
        self, micro_batch_size: int, batch_size: int
    ) -> tuple[Gradients, Callable[[], None]]:
        """Return the gradients to write inputs to, and the function that then computes them.

        For a batch of one micro-batch that function is the whole step, with Adam's update.
        """
        sizes = micro_batch_size, batch_size
        if sizes not in self._prepared:
            grads = self._layout.matrices(self._micro_batch_grads)
            gradients = Gradients(self._weights, grads, micro_batch_size, batch_size)

            def run() -> None:
                gradients()
                if batch_size <= _MICRO_BATCH:
                    self._adam(self._micro_batch_grads)

            state = self._state
            modified = (state.weights, state.exp_avg, state.exp_avg_sq, self._step_count)
            on_gpu = self._micro_batch_grads.device.type == "cuda"
            self._prepared[sizes] = gradients, capture_graph(run, modified) if on_gpu else run
        return self._prepared[sizes]

    def _adam(self, grads: Tensor) -> None:
        """Update the weights: Kingma & Ba 2015, arXiv 1412.6980, algorithm 1."""
        self._step_count += 1
        # The kernel of `torch.optim.Adam(fused=True)`, whose Python part takes longer than this.
        torch._fused_adam_(
            [self._state.weights],
            [grads],
            [self._state.exp_avg],
            [self._state.exp_avg_sq],
            [],
            [self._step_count],
            lr=self._lr,
            beta1=0.9,
            beta2=0.999,
            eps=_ADAM_EPS,
            weight_decay=0,
            amsgrad=False,
            maximize=False,
        )
