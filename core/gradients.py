"""The VAE's losses and gradients by hand, as matrix products: what a night does all the time.

A step at batch size 1 is so small that autograd's own work and convolutions made for large
batches cost more than the arithmetic. Here every layer is one matrix product over columns, as in
Chellapilla, Puri & Simard 2006 (inria-00112631). Tests hold both against `VAE.losses`.

Activations are [features, batch] or [channels, batch * height * width].
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from core.vae import SLOPE, VAE, Losses

_KERNEL, _PADDING = 3, 1
_leak = torch.ops.aten.leaky_relu_backward
_cut = torch.ops.aten.threshold_backward


class Gradients:
    """Computes losses of a batch, and writes their gradients into the parameters' ``grad``."""

    def __init__(self, vae: VAE) -> None:
        parameters = dict(vae.named_parameters())
        for parameter in parameters.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self._values = {name: _matrix(each.detach()) for name, each in parameters.items()}
        self._grads = {
            name: _matrix(each.grad) for name, each in parameters.items() if each.grad is not None
        }

    @torch.no_grad()
    def __call__(self, images: Tensor, noise: Tensor) -> Losses:
        """The losses that `VAE.losses` gives for the same arguments; gradients are of the total."""
        batch = len(images)
        value, grad = self._values, self._grads

        # The encoder, forwards.
        seen_1 = _columns(images, stride=2)
        hidden_1 = _leaky(value, "encoder.conv1", seen_1)
        seen_2 = _columns(_maps(hidden_1, batch, 14), stride=2)
        hidden_2 = _leaky(value, "encoder.conv2", seen_2)
        flat = _flat(hidden_2, batch)
        dense_1 = _linear(value, "encoder.dense1", flat).relu_()
        dense_2 = _linear(value, "encoder.dense2", dense_1)
        mean = _linear(value, "encoder.mean", dense_2)
        log_var = _linear(value, "encoder.log_var", dense_2)
        deviation = torch.exp(0.5 * log_var)
        spread = deviation * noise.T
        latents = mean + spread

        # The decoder, forwards.
        dense = _linear(value, "decoder.dense", latents).relu_()
        hidden_3 = _unflat(dense, 64, batch)
        hidden_4 = F.leaky_relu_(_grow(value, "decoder.conv1", hidden_3, batch, 14, 2), SLOPE)
        hidden_5 = F.leaky_relu_(_grow(value, "decoder.conv2", hidden_4, batch, 28, 2), SLOPE)
        logits = _grow(value, "decoder.conv3", hidden_5, batch, 28, 1)

        pixels = images.reshape(1, -1)
        reconstruction = F.binary_cross_entropy_with_logits(logits, pixels, reduction="sum") / batch
        variance = deviation.square()
        kl = -0.5 * (1 + log_var - mean.square() - variance).sum() / batch

        # The decoder, backwards.
        error = torch.sigmoid(logits).sub_(pixels).div_(batch)
        error = _shrink(value, grad, "decoder.conv3", hidden_5, error, batch, 28, 1)
        error = _leak(error, hidden_5, SLOPE, True)
        error = _shrink(value, grad, "decoder.conv2", hidden_4, error, batch, 28, 2)
        error = _leak(error, hidden_4, SLOPE, True)
        error = _shrink(value, grad, "decoder.conv1", hidden_3, error, batch, 14, 2)
        error = _cut(_flat(error, batch), dense, 0)
        error = _back(value, grad, "decoder.dense", latents, error)

        # The encoder, backwards.
        of_mean = error + mean / batch
        of_log_var = 0.5 * (error * spread + (variance - 1) / batch)
        error = _back(value, grad, "encoder.mean", dense_2, of_mean)
        error += _back(value, grad, "encoder.log_var", dense_2, of_log_var)
        error = _cut(_back(value, grad, "encoder.dense2", dense_1, error), dense_1, 0)
        error = _unflat(_back(value, grad, "encoder.dense1", flat, error), 64, batch)
        error = _leak(error, hidden_2, SLOPE, True)
        error = _folded(_back(value, grad, "encoder.conv2", seen_2, error), batch, 14, 2)
        error = _leak(error, hidden_1, SLOPE, True)
        _write(grad, "encoder.conv1", seen_1, error)
        return Losses(reconstruction + kl, reconstruction, kl)


Tensors = Mapping[str, Tensor]


def _matrix(tensor: Tensor) -> Tensor:
    """A kernel [a, b, 3, 3] as the matrix [a, b * 9], a bias [a] as [a, 1]; all share memory."""
    return tensor.unsqueeze(1) if tensor.dim() == 1 else tensor.flatten(1)


def _maps(columns: Tensor, batch: int, side: int) -> Tensor:
    """[channels, batch * side * side] as [batch, channels, side, side]."""
    return columns.view(-1, batch, side, side).transpose(0, 1)


def _columns(maps: Tensor, stride: int) -> Tensor:
    """What each place of a convolution sees: [channels * 9, batch * places]."""
    # A view of all that each place sees, copied once: half the time of `F.unfold`.
    seen = F.pad(maps, [_PADDING] * 4).unfold(2, _KERNEL, stride).unfold(3, _KERNEL, stride)
    return seen.permute(1, 4, 5, 0, 2, 3).reshape(maps.shape[1] * _KERNEL**2, -1)


def _folded(columns: Tensor, batch: int, side: int, stride: int) -> Tensor:
    """The transpose of `_columns`: each place's share added up, [channels, batch * side * side]."""
    seen = columns.view(len(columns), batch, -1).transpose(0, 1)
    maps = F.fold(seen, (side, side), _KERNEL, padding=_PADDING, stride=stride)
    return maps.transpose(0, 1).reshape(maps.shape[1], -1)


def _flat(columns: Tensor, batch: int) -> Tensor:
    """[channels, batch * places] as [channels * places, batch], the order of `Tensor.flatten`."""
    return columns.view(len(columns), batch, -1).transpose(1, 2).reshape(-1, batch)


def _unflat(features: Tensor, channels: int, batch: int) -> Tensor:
    """The inverse of `_flat`."""
    return features.view(channels, -1, batch).transpose(1, 2).reshape(channels, -1)


def _linear(value: Tensors, layer: str, inputs: Tensor) -> Tensor:
    return torch.addmm(value[f"{layer}.bias"], value[f"{layer}.weight"], inputs)


def _leaky(value: Tensors, layer: str, inputs: Tensor) -> Tensor:
    return F.leaky_relu_(_linear(value, layer, inputs), SLOPE)


def _grow(value: Tensors, layer: str, inputs: Tensor, batch: int, side: int, stride: int) -> Tensor:
    """A transposed convolution to ``side`` pixels."""
    shares = value[f"{layer}.weight"].T @ inputs
    return _folded(shares, batch, side, stride).add_(value[f"{layer}.bias"])


def _shrink(
    value: Tensors,
    grad: Tensors,
    layer: str,
    inputs: Tensor,
    error: Tensor,
    batch: int,
    side: int,
    stride: int,
) -> Tensor:
    """Back through `_grow`: writes the layer's gradients, gives that of its inputs."""
    torch.sum(error, 1, keepdim=True, out=grad[f"{layer}.bias"])
    seen = _columns(_maps(error, batch, side), stride)
    torch.mm(inputs, seen.T, out=grad[f"{layer}.weight"])
    return value[f"{layer}.weight"] @ seen


def _back(value: Tensors, grad: Tensors, layer: str, inputs: Tensor, error: Tensor) -> Tensor:
    """Back through `_linear`: writes the layer's gradients, gives that of its inputs."""
    _write(grad, layer, inputs, error)
    return value[f"{layer}.weight"].T @ error


def _write(grad: Tensors, layer: str, inputs: Tensor, error: Tensor) -> None:
    torch.sum(error, 1, keepdim=True, out=grad[f"{layer}.bias"])
    torch.mm(error, inputs.T, out=grad[f"{layer}.weight"])
