"""Gradients of the VAE's loss without autograd, for the models of many seeds at once.

The network is that of `core.model.vae`; a test compares the gradients with autograd's.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from core.ensemble.layers import Dense, LayerParameters, PixelLogits, StridedConv, TransposedConv
from core.ensemble.patches import Im2Col

_Layer = StridedConv | Dense | TransposedConv | PixelLogits


class Gradients:
    """Gradients of the total loss (see `VAE.losses`) of every seed's model on a micro-batch.

    Before a call, write ``images`` and ``noise``; the call overwrites ``grads``, ``logits`` and
    ``heads``. The loss is a mean over ``batch_size`` images, so that the gradients of a batch's
    micro-batches add up to those of the batch.

    Parameters
    ----------
    weights : Mapping of str to Tensor
        The models' parameters as `ParameterLayout.matrices` returns them.
    grads : Mapping of str to Tensor
        Their gradients, in the same form.
    micro_batch_size : int
        Images per seed and call.
    batch_size : int
        Images per seed and step; at least ``micro_batch_size``.

    Attributes
    ----------
    images : Tensor
        [seeds, micro_batch_size, 28, 28] in [0, 1].
    noise : Tensor
        Standard normal, [seeds, micro_batch_size, latent_dim].
    logits : Tensor
        Pixel logits of the reconstructions, shaped as the images.
    heads : Tensor
        [seeds, micro_batch_size, 2 * latent_dim]: the latent mean, then the log-variance.
    mean, log_var : Tensor
        Views of the two halves of ``heads``, shaped as the noise.

    References
    ----------
    Reparameterisation and KL divergence: Kingma & Welling 2014, arXiv 1312.6114, section 2.4 and
    appendix B. With sigma = exp(log_var / 2), latents z = mean + sigma * noise, and the KL
    divergence 1/2 sum(mean**2 + sigma**2 - 1 - log_var), the gradients are

        dL/dlogits  = sigmoid(logits) - images
        dL/dmean    = dL/dz + mean
        dL/dlog_var = (dL/dz * sigma * noise + sigma**2 - 1) / 2
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        grads: Mapping[str, Tensor],
        micro_batch_size: int,
        batch_size: int,
    ) -> None:
        def parameters(layer: str) -> LayerParameters:
            weight, bias = f"{layer}.weight", f"{layer}.bias"
            return LayerParameters(weights[weight], weights[bias], grads[weight], grads[bias])

        like = weights["decoder.dense.weight"]
        seeds, latent_dim, _ = like.shape
        self._batch_size = batch_size
        self._half, self._one = like.new_tensor(0.5), like.new_tensor(1.0)  # faster than numbers

        image_patches = Im2Col(like, micro_batch_size, 28, 1)
        hidden_patches = Im2Col(like, micro_batch_size, 14, 32)
        conv1 = StridedConv(parameters("encoder.conv1"), image_patches, outputs=hidden_patches.maps)
        conv2 = StridedConv(parameters("encoder.conv2"), hidden_patches, conv1.output_grad)
        flat = (seeds, micro_batch_size, -1)
        dense1 = Dense(
            parameters("encoder.dense1"),
            conv2.outputs.view(flat),
            conv2.output_grad.view(flat),
            relu=True,
        )
        dense2 = Dense(parameters("encoder.dense2"), dense1.outputs, dense1.output_grad)
        heads = Dense(parameters("encoder.heads"), dense2.outputs, dense2.output_grad)
        self._encoder: tuple[_Layer, ...] = (conv1, conv2, dense1, dense2, heads)

        self.images = image_patches.maps.squeeze(-1)
        self.noise = like.new_zeros(seeds, micro_batch_size, latent_dim)
        self.heads = heads.outputs
        self.mean, self.log_var = self.heads.split(latent_dim, 2)
        self._mean_grad, self._log_var_grad = heads.output_grad.split(latent_dim, 2)
        self._sigma, self._scaled_noise, self._latents, self._latents_grad = (
            torch.zeros_like(self.noise) for _ in range(4)
        )

        dense = Dense(parameters("decoder.dense"), self._latents, self._latents_grad, relu=True)
        maps_7 = (seeds, micro_batch_size * 7 * 7, 64)
        up1 = TransposedConv(
            parameters("decoder.conv1"),
            dense.outputs.view(maps_7),
            dense.output_grad.view(maps_7),
            7,
        )
        up2 = TransposedConv(parameters("decoder.conv2"), up1.outputs, up1.output_grad, 14)
        self._pixels = PixelLogits(parameters("decoder.conv3"), up2.outputs, up2.output_grad, 28)
        self._decoder: tuple[_Layer, ...] = (dense, up1, up2, self._pixels)
        self.logits = self._pixels.outputs

    def __call__(self) -> None:
        """Compute outputs and gradients for the current ``images`` and ``noise``."""
        for layer in self._encoder:
            layer.forward()
        torch.mul(self.log_var, self._half, out=self._sigma).exp_()
        torch.mul(self._sigma, self.noise, out=self._scaled_noise)
        torch.add(self.mean, self._scaled_noise, out=self._latents)
        for layer in self._decoder:
            layer.forward()

        logits_grad = torch.sigmoid(self.logits, out=self._pixels.output_grad).sub_(self.images)
        log_var_grad = torch.square(self._sigma).sub_(self._one)  # twice the KL divergence's
        mean_grad = self.mean  # the KL divergence's
        if self._batch_size > 1:
            logits_grad.div_(self._batch_size)
            log_var_grad.div_(self._batch_size)
            mean_grad = mean_grad / self._batch_size
        for layer in reversed(self._decoder):
            layer.backward()
        torch.add(self._latents_grad, mean_grad, out=self._mean_grad)
        log_var_grad.addcmul_(self._latents_grad, self._scaled_noise)
        torch.mul(log_var_grad, self._half, out=self._log_var_grad)
        for layer in reversed(self._encoder):
            layer.backward()
