"""`core.model.vae`: the model of the reference simulation, its loss and initialisation."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.data import DatasetPair
from core.model.vae import VAE, initialise
from core.support.random_streams import Purpose, random_stream

pytestmark = pytest.mark.usefixtures("one_thread")


def untrained_vae(latent_dim: int = 5, seed: int = 0) -> VAE:
    vae = VAE(latent_dim)
    initialise(vae, random_stream(seed, Purpose.INITIAL_WEIGHTS))
    return vae


def first_images(bundled: DatasetPair, count: int) -> torch.Tensor:
    """Return the first test images, float32 [count, 1, 28, 28] in [0, 1]."""
    return torch.from_numpy(bundled.dataset_1.test[:count]).unsqueeze(1).float() / 255


def standard_normal(count: int, latent_dim: int = 5) -> torch.Tensor:
    noise = random_stream(0, Purpose.NOISE).standard_normal((count, latent_dim), dtype=np.float32)
    return torch.from_numpy(noise)


def test_the_model_has_143650_parameters_at_latent_dim_5() -> None:
    assert sum(parameter.numel() for parameter in VAE(5).parameters()) == 143_650


@pytest.mark.parametrize("latent_dim", [1, 2, 5, 10, 20])
def test_encoder_and_decoder_have_the_documented_shapes(
    latent_dim: int, bundled: DatasetPair
) -> None:
    vae = untrained_vae(latent_dim)
    images = first_images(bundled, 3)
    mean, log_var = vae.encoder(images)
    assert mean.shape == log_var.shape == (3, latent_dim)
    assert vae.reconstruct(images).shape == images.shape
    dreams = vae.dream(standard_normal(4, latent_dim))
    assert dreams.shape == (4, 1, 28, 28)
    assert dreams.min() >= 0
    assert dreams.max() <= 1


def float64(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().numpy().astype(np.float64)


def test_the_loss_is_the_batch_mean_of_summed_cross_entropy_and_summed_kl(
    bundled: DatasetPair,
) -> None:
    vae, images, noise = untrained_vae(), first_images(bundled, 6), standard_normal(6)
    losses = vae.losses(images, noise)

    mean, log_var = (float64(part) for part in vae.encoder(images))
    latents = mean + np.exp(log_var / 2) * float64(noise)
    x = float64(images)
    y = float64(vae.dream(torch.from_numpy(latents.astype(np.float32))))
    cross_entropy = -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum(axis=(1, 2, 3))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)

    assert losses.reconstruction.item() == pytest.approx(cross_entropy.mean(), rel=1e-5)
    assert losses.kl.item() == pytest.approx(kl.mean(), rel=1e-4, abs=1e-6)
    assert losses.total.item() == pytest.approx((cross_entropy + kl).mean(), rel=1e-5)


def test_the_loss_of_an_untrained_model_is_about_log_2_per_pixel(bundled: DatasetPair) -> None:
    total = untrained_vae().losses(first_images(bundled, 50), standard_normal(50)).total.item()
    assert total == pytest.approx(28 * 28 * math.log(2), rel=0.02)


def test_the_loss_of_a_batch_is_the_mean_over_its_images(bundled: DatasetPair) -> None:
    vae, images, noise = untrained_vae(), first_images(bundled, 3), standard_normal(3)
    singles = [vae.losses(images[i : i + 1], noise[i : i + 1]) for i in range(3)]
    for batch, per_image in zip(vae.losses(images, noise), zip(*singles, strict=True), strict=True):
        mean = sum(loss.item() for loss in per_image) / 3
        assert batch.item() == pytest.approx(mean, rel=1e-5)


def test_the_loss_stays_finite_for_extreme_logits(bundled: DatasetPair) -> None:
    vae = untrained_vae()
    with torch.no_grad():
        vae.decoder.conv3.bias.fill_(200.0)
    losses = vae.losses(first_images(bundled, 2), standard_normal(2))
    assert all(torch.isfinite(part) for part in losses)


def test_reconstruction_decodes_the_latent_mean_without_noise(bundled: DatasetPair) -> None:
    vae, images = untrained_vae(), first_images(bundled, 4)
    mean, _ = vae.encoder(images)
    assert torch.equal(vae.reconstruct(images), vae.dream(mean))


def test_the_model_does_not_use_torchs_random_generator(bundled: DatasetPair) -> None:
    vae, images, noise = untrained_vae(), first_images(bundled, 4), standard_normal(4)
    generator_state = torch.get_rng_state()
    losses = vae.losses(images, noise)
    vae.reconstruct(images)
    vae.dream(noise)
    assert torch.equal(torch.get_rng_state(), generator_state)
    assert torch.equal(vae.losses(images, noise).total, losses.total)


def test_initial_weights_are_glorot_uniform_and_biases_zero() -> None:
    vae = untrained_vae()
    for name, parameter in vae.named_parameters():
        values = parameter.detach()
        if name.endswith("bias"):
            assert not values.any()
            continue
        kernel_size = math.prod(values.shape[2:])
        fan_in_and_out = kernel_size * (values.shape[0] + values.shape[1])
        limit = math.sqrt(6 / fan_in_and_out)
        assert values.abs().max() <= limit
        if values.numel() > 1_000:
            assert values.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1)
            assert values.mean().item() == pytest.approx(0, abs=0.05 * limit)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(123)
    vae, same_seed, other_seed = (untrained_vae(seed=seed) for seed in (4, 4, 5))
    parameters = zip(vae.parameters(), same_seed.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in parameters)
    assert not torch.equal(vae.encoder.conv1.weight, other_seed.encoder.conv1.weight)


def test_convolutions_pad_before_the_image_where_the_reference_pads_after_it() -> None:
    """The first convolution has one row and column of padding before the image, none after."""
    vae = untrained_vae()
    image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(image, (1, 0, 1, 0))
    expected = torch.nn.functional.conv2d(
        padded, vae.encoder.conv1.weight, vae.encoder.conv1.bias, stride=2
    )
    torch.testing.assert_close(vae.encoder.conv1(image), expected)
