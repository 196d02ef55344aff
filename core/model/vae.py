"""The variational autoencoder (VAE) of the reference simulation, in PyTorch.

References
----------
Kingma & Welling 2014, "Auto-Encoding Variational Bayes", arXiv 1312.6114.
Architecture and loss weights: https://github.com/ellie-as/sleep-continual-learning, commit fa0851d,
public code by the first author of Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.3  # negative slope of every LeakyReLU


class Losses(NamedTuple):
    """Training loss of a batch and its two terms, in nats per image, averaged over the batch.

    Attributes
    ----------
    total : Tensor
        Sum of the two terms, the value to minimise; scalar.
    reconstruction : Tensor
        Reconstruction loss; scalar.
    kl : Tensor
        KL divergence of the latent distribution from the prior; scalar.
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class Encoder(nn.Module):
    """Encoder: images [batch, 1, 28, 28] to latent mean and log-variance [batch, latent_dim]."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.dense1 = nn.Linear(64 * 7 * 7, 16)
        self.dense2 = nn.Linear(16, latent_dim)
        self.mean = nn.Linear(latent_dim, latent_dim)
        self.log_var = nn.Linear(latent_dim, latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, both [batch, latent_dim], of images in [0, 1]."""
        hidden = F.leaky_relu(self.conv1(images), SLOPE)
        hidden = F.leaky_relu(self.conv2(hidden), SLOPE)
        hidden = F.relu(self.dense1(hidden.flatten(1)))
        hidden = self.dense2(hidden)
        return self.mean(hidden), self.log_var(hidden)


class Decoder(nn.Module):
    """Decoder: latent vectors [batch, latent_dim] to pixel logits [batch, 1, 28, 28]."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.dense = nn.Linear(latent_dim, 64 * 7 * 7)
        self.conv1 = nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1)
        self.conv2 = nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)
        self.conv3 = nn.ConvTranspose2d(32, 1, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """Return pixel logits [batch, 1, 28, 28]; their sigmoid is the image."""
        hidden = F.relu(self.dense(latents)).unflatten(1, (64, 7, 7))
        hidden = F.leaky_relu(self.conv1(hidden), SLOPE)
        hidden = F.leaky_relu(self.conv2(hidden), SLOPE)
        return self.conv3(hidden)


class VAE(nn.Module):
    """Variational autoencoder with 143,650 parameters at ``latent_dim`` 5.

    The random numbers of training are an argument (``noise``). So they depend on the seed alone,
    and evaluation does not advance them.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = Encoder(latent_dim)
        self.decoder = Decoder(latent_dim)

    def losses(self, images: Tensor, noise: Tensor) -> Losses:
        """Return the negative evidence lower bound of a batch and its two terms.

        ``images`` is [batch, 1, 28, 28] in [0, 1]. ``noise`` is [batch, latent_dim], standard
        normal; the latent vectors are mean + exp(log_var / 2) * noise, the reparameterisation of
        Kingma & Welling 2014, section 2.4. `image_losses` defines the terms.
        """
        mean, log_var = self.encoder(images)
        logits = self.decoder(mean + torch.exp(0.5 * log_var) * noise)
        per_image = image_losses(images.squeeze(1), logits.squeeze(1), mean, log_var)
        reconstruction, kl = (loss.mean() for loss in per_image)
        return Losses(reconstruction + kl, reconstruction, kl)

    def reconstruct(self, images: Tensor) -> Tensor:
        """Encode ``images`` and decode their latent mean; both [batch, 1, 28, 28] in [0, 1]."""
        mean, _ = self.encoder(images)
        # Also in float32 for a decoder of lower precision, because errors are measured per pixel.
        return torch.sigmoid(self.decoder(mean).float())

    def dream(self, latents: Tensor) -> Tensor:
        """Decode ``latents`` [batch, latent_dim] into images [batch, 1, 28, 28] in [0, 1]."""
        return torch.sigmoid(self.decoder(latents))


def image_losses(
    images: Tensor, logits: Tensor, mean: Tensor, log_var: Tensor
) -> tuple[Tensor, Tensor]:
    """Compute the reconstruction loss and the KL divergence of each image, in nats.

    Parameters
    ----------
    images : Tensor
        Images in [0, 1], float [..., 28, 28].
    logits : Tensor
        Decoded pixel logits, float [..., 28, 28].
    mean, log_var : Tensor
        Latent mean and log-variance, float [..., latent_dim].

    Returns
    -------
    reconstruction : Tensor
        Binary cross-entropy summed over pixels, [...].
    kl : Tensor
        KL divergence from a standard normal distribution, summed over latents, [...].

    References
    ----------
    Kingma & Welling 2014, arXiv 1312.6114, appendix B (KL) and C.1 (Bernoulli decoder).
    """
    pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(-1)
    return pixels.sum((-2, -1)), kl


def initialise(model: nn.Module, rng: np.random.Generator) -> None:
    """Set weights to Glorot-uniform samples from ``rng`` and biases to zero, as Keras does.

    Weights are uniform in [-a, a] with a = sqrt(6 / (fan_in + fan_out)).

    References
    ----------
    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, equation 16.
    """
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.zero_()
                continue
            kernel_size = math.prod(parameter.shape[2:])
            limit = math.sqrt(6.0 / ((parameter.shape[0] + parameter.shape[1]) * kernel_size))
            values = rng.uniform(-limit, limit, tuple(parameter.shape)).astype(np.float32)
            parameter.copy_(torch.from_numpy(values))
