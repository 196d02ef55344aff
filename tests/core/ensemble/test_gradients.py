"""`core.ensemble.gradients`: comparison with the gradients of autograd."""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from core.ensemble.gradients import Gradients
from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE, initialise

pytestmark = pytest.mark.usefixtures("one_thread")


def untrained_vaes(latent_dim: int, count: int) -> list[VAE]:
    """Return models with random weights and biases."""
    generator = torch.Generator().manual_seed(1)
    models = [VAE(latent_dim) for _ in range(count)]
    for seed, model in enumerate(models):
        initialise(model, np.random.default_rng(seed))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return models


def random_batch(seeds: int, size: int, latent_dim: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.rand((seeds, size, 28, 28), generator=generator)
    return images, torch.randn((seeds, size, latent_dim), generator=generator)


class Stacked:
    """Models of several seeds and the buffers of their gradients."""

    def __init__(
        self, vaes: Sequence[VAE], micro_batch_size: int, batch_size: int | None = None
    ) -> None:
        self.layout = ParameterLayout(vaes[0].latent_dim)
        self.template = dict(vaes[0].named_parameters())
        self.weights, self.grads = (torch.zeros(len(vaes), self.layout.length) for _ in range(2))
        with torch.no_grad():
            for row, vae in zip(self.weights, vaes, strict=True):
                self.layout.pack(dict(vae.named_parameters()), row)
        self.gradients = Gradients(
            self.layout.matrices(self.weights),
            self.layout.matrices(self.grads),
            micro_batch_size,
            batch_size or micro_batch_size,
        )

    @torch.no_grad()
    def compute(self, images: Tensor, noise: Tensor) -> list[dict[str, Tensor]]:
        """Return each seed's gradients by name."""
        self.gradients.images.copy_(images)
        self.gradients.noise.copy_(noise)
        self.gradients()
        return [self.layout.unpack(row, self.template) for row in self.grads]


def autograd_gradients(vae: VAE, images: Tensor, noise: Tensor) -> dict[str, Tensor]:
    model = copy.deepcopy(vae)
    model.losses(images.unsqueeze(1), noise).total.backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def assert_close(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        assert scale > 0, name
        assert float((gradient - actual[name]).abs().max()) < 1e-4 * scale, name


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("latent_dim", [2, 5, 20])
def test_every_seeds_gradients_equal_those_of_autograd(
    latent_dim: int, seeds: int, size: int
) -> None:
    vaes = untrained_vaes(latent_dim, seeds)
    images, noise = random_batch(seeds, size, latent_dim)
    gradients = Stacked(vaes, size).compute(images, noise)
    for index, vae in enumerate(vaes):
        assert_close(gradients[index], autograd_gradients(vae, images[index], noise[index]))


def test_logits_mean_and_log_variance_equal_those_of_the_model() -> None:
    vaes = untrained_vaes(5, 2)
    images, noise = random_batch(2, 3, 5)
    stacked = Stacked(vaes, 3)
    stacked.compute(images, noise)
    outputs = stacked.gradients
    for index, vae in enumerate(vaes):
        with torch.no_grad():
            mean, log_var = vae.encoder(images[index].unsqueeze(1))
            logits = vae.decoder(mean + torch.exp(0.5 * log_var) * noise[index])
        torch.testing.assert_close(outputs.mean[index], mean)
        torch.testing.assert_close(outputs.log_var[index], log_var)
        torch.testing.assert_close(outputs.logits[index], logits.squeeze(1), rtol=1e-4, atol=1e-5)


def test_gradients_of_micro_batches_add_up_to_those_of_the_batch() -> None:
    (vae,) = vaes = untrained_vaes(5, 1)
    images, noise = random_batch(1, 5, 5)
    pairs = [
        Stacked(vaes, 2, batch_size=5).compute(images[:, i : i + 2], noise[:, i : i + 2])[0]
        for i in (0, 2)
    ]
    last = Stacked(vaes, 1, batch_size=5).compute(images[:, 4:], noise[:, 4:])[0]
    total = {name: sum(pair[name] for pair in pairs) + gradient for name, gradient in last.items()}
    assert_close(total, autograd_gradients(vae, images[0], noise[0]))


def test_a_second_batch_replaces_the_gradients_of_the_first() -> None:
    stacked = Stacked(untrained_vaes(5, 1), 1)
    images, noise = random_batch(1, 2, 5)
    first = stacked.compute(images[:, :1], noise[:, :1])[0]
    stacked.compute(images[:, 1:], noise[:, 1:])
    repeated = stacked.compute(images[:, :1], noise[:, :1])[0]
    assert all(torch.equal(gradient, repeated[name]) for name, gradient in first.items())


def test_computing_gradients_does_not_change_the_weights() -> None:
    stacked = Stacked(untrained_vaes(5, 2), 3)
    weights = stacked.weights.clone()
    stacked.compute(*random_batch(2, 3, 5))
    assert torch.equal(stacked.weights, weights)
