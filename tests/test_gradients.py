"""The gradients by hand, held against autograd's."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from core.gradients import Gradients
from core.vae import VAE, initialise


@pytest.fixture(params=[2, 5, 20])
def vae(request: pytest.FixtureRequest, one_thread: int) -> VAE:
    """Untrained weights, with biases that are not all 0."""
    model = VAE(request.param)
    initialise(model, np.random.default_rng(0))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


def batch_of(size: int, latent_dim: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.rand((size, 1, 28, 28), generator=generator)
    return images, torch.randn((size, latent_dim), generator=generator)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_losses_and_gradients_are_those_of_autograd(vae: VAE, size: int) -> None:
    images, noise = batch_of(size, vae.latent_dim)
    by_autograd, by_hand = copy.deepcopy(vae), copy.deepcopy(vae)
    expected = by_autograd.losses(images, noise)
    expected.total.backward()
    found = Gradients(by_hand)(images, noise)
    for name, loss in found._asdict().items():
        assert float(loss) == pytest.approx(getattr(expected, name).item(), rel=1e-5)
    for (name, wanted), got in zip(
        by_autograd.named_parameters(), by_hand.parameters(), strict=True
    ):
        assert wanted.grad is not None
        assert got.grad is not None
        scale = float(wanted.grad.abs().max())
        assert scale > 0, name
        assert float((wanted.grad - got.grad).abs().max()) < 1e-4 * scale, name


def test_a_second_batch_replaces_the_gradients_of_the_first(vae: VAE) -> None:
    gradients = Gradients(vae)
    images, noise = batch_of(2, vae.latent_dim)
    gradients(images[:1], noise[:1])
    first = [parameter.grad.clone() for parameter in vae.parameters() if parameter.grad is not None]
    gradients(images[1:], noise[1:])
    gradients(images[:1], noise[:1])
    for before, parameter in zip(first, vae.parameters(), strict=True):
        assert parameter.grad is not None
        assert torch.equal(before, parameter.grad)


def test_the_model_and_the_batch_stay_as_they_are(vae: VAE) -> None:
    images, noise = batch_of(3, vae.latent_dim)
    kept = [tensor.clone() for tensor in (images, noise, *vae.parameters())]
    Gradients(vae)(images, noise)
    for before, now in zip(kept, (images, noise, *vae.parameters()), strict=True):
        assert torch.equal(before, now)
