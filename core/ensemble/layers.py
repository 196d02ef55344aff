"""Layers of many models at once, forwards and backwards by hand, as matrix products.

A step at batch size 1 is so small that autograd, convolutions made for large batches, and even
looking for memory cost more than the arithmetic. Here every layer is one matrix product over
columns (Chellapilla, Puri & Simard 2006, inria-00112631), for all seeds at once, and all memory and
all views are made beforehand; a step is a row of kernels over the same buffers, as a CUDA graph
wants it.

Activations are [seeds, batch * places, channels]: what a place sees lies together and is copied in
runs. Each layer writes ``outputs``. Backwards it takes ``error``, the gradient of its outputs that
the next layer wrote, gives its weights' gradients, and writes the gradient of its inputs where it
is told to.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from core.model.vae import SLOPE

_KERNEL = 3
_cut = torch.ops.aten.threshold_backward.grad_input
_leak = torch.ops.aten.leaky_relu.out
_unleak = torch.ops.aten.leaky_relu_backward.grad_input


@dataclass(frozen=True)
class Own:
    """A layer's parameters and gradients: weight [seeds, rows, columns], bias [seeds, 1, n]."""

    weight: Tensor
    bias: Tensor
    weight_grad: Tensor
    bias_grad: Tensor

    @property
    def turned(self) -> Tensor:
        """The transposed weight."""
        return self.weight.transpose(1, 2)


class Dense:
    """Inputs [seeds, batch, n] -> outputs [seeds, batch, m]."""

    def __init__(self, own: Own, inputs: Tensor, back: Tensor, *, relu: bool = False) -> None:
        self._own, self._inputs, self._back, self._relu = own, inputs, back, relu
        self._weight_turned, self._inputs_turned = own.turned, inputs.transpose(1, 2)
        self.outputs = inputs.new_zeros(*inputs.shape[:2], own.weight.shape[2])
        self.error = torch.zeros_like(self.outputs)

    def forward(self) -> None:
        torch.baddbmm(self._own.bias, self._inputs, self._own.weight, out=self.outputs)
        if self._relu:
            self.outputs.relu_()

    def backward(self) -> None:
        if self._relu:
            _cut(self.error, self.outputs, 0, grad_input=self.error)
        torch.sum(self.error, 1, keepdim=True, out=self._own.bias_grad)
        torch.bmm(self._inputs_turned, self.error, out=self._own.weight_grad)
        torch.bmm(self.error, self._weight_turned, out=self._back)


class Shrinking:
    """A convolution with stride 2 over ``seen``, and its LeakyReLU: half the side, more channels.

    Outputs are maps [seeds, batch, half, half, filters], written to ``onto`` where it is given.
    ``back`` None: nobody asks for the gradient of its inputs.
    """

    def __init__(
        self, own: Own, seen: "Seen", back: Tensor | None = None, *, onto: Tensor | None = None
    ) -> None:
        seeds, places, _ = seen.columns.shape
        filters = own.weight.shape[2]
        batch, side = seen.inside.shape[1:3]
        maps = (seeds, batch, side // 2, side // 2, filters)
        self._own, self._seen = own, seen
        self._weight_turned, self._columns_turned = own.turned, seen.columns.transpose(1, 2)
        self._products = own.weight.new_zeros(seeds, places, filters)
        self._products_maps = self._products.view(maps)
        self.outputs = self._products_maps if onto is None else onto
        self.error = torch.zeros_like(self._products)
        self._error_maps = self.error.view(maps)
        self._spread = None if back is None else _Spread(back, side // 2)

    def forward(self) -> None:
        self._seen.gather()
        torch.baddbmm(self._own.bias, self._seen.columns, self._own.weight, out=self._products)
        _leak(self._products_maps, SLOPE, out=self.outputs)

    def backward(self) -> None:
        _unleak(self._error_maps, self.outputs, SLOPE, True, grad_input=self._error_maps)
        torch.sum(self.error, 1, keepdim=True, out=self._own.bias_grad)
        torch.bmm(self._columns_turned, self.error, out=self._own.weight_grad)
        if self._spread is not None:
            torch.bmm(self.error, self._weight_turned, out=self._spread.shares)
            self._spread.add_up()


class Growing:
    """A transposed convolution from ``side`` to twice that and its LeakyReLU.

    Inputs [seeds, batch * side * side, channels] -> outputs [seeds, batch * 4 * side * side,
    filters].
    """

    def __init__(self, own: Own, inputs: Tensor, back: Tensor, side: int) -> None:
        seeds, places, _ = inputs.shape
        filters = own.weight.shape[2] // _KERNEL**2
        batch = places // side**2
        self._own, self._inputs, self._back = own, inputs, back
        self._weight_turned, self._inputs_turned = own.turned, inputs.transpose(1, 2)
        self.outputs = inputs.new_zeros(seeds, places * 4, filters)
        self.error = torch.zeros_like(self.outputs)
        maps = (seeds, batch, 2 * side, 2 * side, filters)
        self._outputs_maps, self._error_maps = self.outputs.view(maps), self.error.view(maps)
        self._seen = Seen(own.weight, batch, 2 * side, filters)
        # The same memory, as the one's are needed forwards and the other's backwards.
        self._spread = _Spread(self.outputs, side, self._seen.columns)

    def forward(self) -> None:
        torch.bmm(self._inputs, self._own.weight, out=self._spread.shares)
        self._spread.add_up(self._own.bias)
        F.leaky_relu_(self.outputs, SLOPE)

    def backward(self) -> None:
        inside = self._seen.inside
        _unleak(self._error_maps, self._outputs_maps, SLOPE, True, grad_input=inside)
        torch.sum(self._seen.padded, 1, keepdim=True, out=self._own.bias_grad)
        self._seen.gather()
        torch.bmm(self._inputs_turned, self._seen.columns, out=self._own.weight_grad)
        torch.bmm(self._seen.columns, self._weight_turned, out=self._back)


class Pixels:
    """The last layer, a transposed convolution with stride 1 to one channel: logits.

    Inputs [seeds, batch * side * side, channels]; outputs and ``error`` [seeds, batch, side, side].
    """

    def __init__(self, own: Own, inputs: Tensor, back: Tensor, side: int) -> None:
        seeds, places, _ = inputs.shape
        batch = places // side**2
        self._own, self._inputs, self._back, self._side = own, inputs, back, side
        self._inputs_turned = inputs.transpose(1, 2)
        self._shares = inputs.new_zeros(seeds, _KERNEL**2, places)
        self._shares_each = self._shares.view(seeds, _KERNEL**2, batch, side**2).transpose(1, 2)
        self.outputs = inputs.new_zeros(seeds, batch, side, side)
        padded = inputs.new_zeros(seeds, batch, side + 2, side + 2)
        self.error = padded[:, :, 1:-1, 1:-1]
        self._padded = padded.view(seeds, 1, -1)
        # [seeds, row, column, batch, side, side] of what each pixel's error tells a place
        self._windows = padded.unfold(2, _KERNEL, 1).unfold(3, _KERNEL, 1).permute(0, 4, 5, 1, 2, 3)
        self._columns = torch.zeros_like(self._shares)
        self._columns_windows = self._columns.view(self._windows.shape)
        self._columns_turned = self._columns.transpose(1, 2)

    def forward(self) -> None:
        torch.bmm(self._own.weight, self._inputs_turned, out=self._shares)
        shares = self._shares_each.flatten(0, 1)
        maps = F.fold(shares, (self._side, self._side), _KERNEL, padding=1)
        torch.add(maps.view(self.outputs.shape), self._own.bias.unsqueeze(-1), out=self.outputs)

    def backward(self) -> None:
        torch.sum(self._padded, 2, keepdim=True, out=self._own.bias_grad)
        self._columns_windows.copy_(self._windows)
        torch.bmm(self._columns, self._inputs, out=self._own.weight_grad)
        torch.bmm(self._columns_turned, self._own.weight, out=self._back)


class Seen:
    """What each place of a convolution with stride 2 sees, as ``columns`` for a product.

    Maps are written to ``inside`` [seeds, batch, side, side, channels]; ``padded`` is the same with
    the zeros above and left of them, [seeds, places, channels]. Below and right nothing is missing,
    as an even side ends with the last window.
    """

    def __init__(self, like: Tensor, batch: int, side: int, channels: int) -> None:
        seeds, half = len(like), side // 2
        padded = like.new_zeros(seeds, batch, side + 1, side + 1, channels)
        self.inside = padded[:, :, 1:, 1:]
        self.padded = padded.view(seeds, -1, channels)
        windows = padded.unfold(2, _KERNEL, 2).unfold(3, _KERNEL, 2)
        self._windows = windows.permute(0, 1, 2, 3, 5, 6, 4)
        self.columns = like.new_zeros(seeds, batch * half * half, _KERNEL**2 * channels)
        self._columns_windows = self.columns.view(self._windows.shape)

    def gather(self) -> None:
        self._columns_windows.copy_(self._windows)


class _Spread:
    """The transpose of `Seen`: each place's ``shares`` added up in the maps ``onto``.

    ``onto`` is [seeds, batch * 4 * side * side, channels], shares [seeds, batch * side * side, 9 *
    channels]. Place i has shares for the rows 2 i - 1, 2 i and 2 i + 1: so row 2 i takes the middle
    one of place i, row 2 i + 1 the last of place i and the first of i + 1. Columns likewise.
    """

    def __init__(self, onto: Tensor, side: int, shares: Tensor | None = None) -> None:
        seeds, _, channels = onto.shape
        maps = onto.view(seeds, -1, side, 2, side, 2, channels)
        batch = maps.shape[1]
        if shares is None:
            shares = onto.new_zeros(seeds, batch * side * side, _KERNEL**2 * channels)
        self.shares = shares
        shares = shares.view(seeds, batch, side, side, _KERNEL, _KERNEL, channels)
        self._maps, self._own = maps, shares[..., 1:, 1:, :].permute(0, 1, 2, 4, 3, 5, 6)
        self._below = maps[:, :, :-1, 1], shares[:, :, 1:, :, 0, 1:]
        self._right = (
            maps[:, :, :, :, :-1, 1],
            shares[:, :, :, 1:, 1:, 0].permute(0, 1, 2, 4, 3, 5),
        )
        self._corner = maps[:, :, :-1, 1, :-1, 1], shares[:, :, 1:, 1:, 0, 0]

    def add_up(self, bias: Tensor | None = None) -> None:
        if bias is None:
            self._maps.copy_(self._own)
        else:
            torch.add(self._own, bias.view(len(bias), 1, 1, 1, 1, 1, -1), out=self._maps)
        for onto, shares in (self._below, self._right, self._corner):
            onto.add_(shares)
