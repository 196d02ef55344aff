"""Layers of many seeds' models at once, forwards and backwards as matrix products.

A step at batch size 1 is so small that autograd, convolutions written for large batches, and even
memory allocation cost more than the arithmetic. Here each layer is one batched matrix product over
input patches (see `core.ensemble.patches`) for all seeds. All buffers and views are created once;
a step is a sequence of kernels over the same memory, as a CUDA graph requires.

Activations are [seeds, batch * positions, channels] with channels last, so that a patch is copied
in contiguous runs. Every layer has two attributes: ``outputs``, which `forward` writes, and
``output_grad``, the gradient of the loss with respect to the outputs, which the next layer writes.
`backward` then writes the gradients of the layer's parameters and, to the buffer ``input_grad``,
the gradient of its inputs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from core.ensemble.patches import KERNEL, Col2Im, Im2Col
from core.model.vae import SLOPE

# With an output buffer, which their counterparts in torch.nn.functional lack.
_relu_backward = torch.ops.aten.threshold_backward.grad_input
_leaky_relu = torch.ops.aten.leaky_relu.out
_leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input


@dataclass(frozen=True)
class LayerParameters:
    """One layer's parameters and their gradients, for all seeds.

    Attributes
    ----------
    weight, weight_grad : Tensor
        Matrices [seeds, rows, columns].
    bias, bias_grad : Tensor
        [seeds, 1, outputs].
    """

    weight: Tensor
    bias: Tensor
    weight_grad: Tensor
    bias_grad: Tensor

    @property
    def weight_transposed(self) -> Tensor:
        """View of the weight, [seeds, columns, rows]."""
        return self.weight.transpose(1, 2)


class Dense:
    """A dense layer: inputs [seeds, batch, n] -> outputs [seeds, batch, m].

    Parameters
    ----------
    parameters : LayerParameters
        Weight [seeds, n, m].
    inputs : Tensor
        Buffer [seeds, batch, n] that the previous layer writes.
    input_grad : Tensor
        Buffer [seeds, batch, n] for the gradient of the inputs.
    relu : bool, default False
        Whether a ReLU follows.
    """

    def __init__(
        self, parameters: LayerParameters, inputs: Tensor, input_grad: Tensor, *, relu: bool = False
    ) -> None:
        self._parameters, self._inputs, self._input_grad = parameters, inputs, input_grad
        self._relu = relu
        self._weight_transposed = parameters.weight_transposed
        self._inputs_transposed = inputs.transpose(1, 2)
        self.outputs = inputs.new_zeros(*inputs.shape[:2], parameters.weight.shape[2])
        self.output_grad = torch.zeros_like(self.outputs)

    def forward(self) -> None:
        parameters = self._parameters
        torch.baddbmm(parameters.bias, self._inputs, parameters.weight, out=self.outputs)
        if self._relu:
            self.outputs.relu_()

    def backward(self) -> None:
        if self._relu:
            _relu_backward(self.output_grad, self.outputs, 0, grad_input=self.output_grad)
        torch.sum(self.output_grad, 1, keepdim=True, out=self._parameters.bias_grad)
        torch.bmm(self._inputs_transposed, self.output_grad, out=self._parameters.weight_grad)
        torch.bmm(self.output_grad, self._weight_transposed, out=self._input_grad)


class StridedConv:
    """A convolution with stride 2 and LeakyReLU, from maps of ``side`` to maps of half the side.

    Parameters
    ----------
    parameters : LayerParameters
        Weight [seeds, 9 * channels, filters].
    inputs : Im2Col
        Patches of the input maps; the previous layer writes ``inputs.maps``.
    input_grad : Tensor, optional
        Buffer [seeds, batch * side * side, channels] for the gradient of the inputs; by default
        that gradient is not computed.
    outputs : Tensor, optional
        Buffer [seeds, batch, side // 2, side // 2, filters] for the outputs; by default a new one.
    """

    def __init__(
        self,
        parameters: LayerParameters,
        inputs: Im2Col,
        input_grad: Tensor | None = None,
        *,
        outputs: Tensor | None = None,
    ) -> None:
        seeds, positions, _ = inputs.columns.shape
        filters = parameters.weight.shape[2]
        batch, side = inputs.maps.shape[1:3]
        maps_shape = (seeds, batch, side // 2, side // 2, filters)
        self._parameters, self._inputs = parameters, inputs
        self._weight_transposed = parameters.weight_transposed
        self._columns_transposed = inputs.columns.transpose(1, 2)
        self._products = parameters.weight.new_zeros(seeds, positions, filters)
        self._products_as_maps = self._products.view(maps_shape)
        self.outputs = self._products_as_maps if outputs is None else outputs
        self.output_grad = torch.zeros_like(self._products)
        self._output_grad_as_maps = self.output_grad.view(maps_shape)
        self._to_input_grad = None if input_grad is None else Col2Im(input_grad, side // 2)

    def forward(self) -> None:
        parameters = self._parameters
        self._inputs.extract()
        torch.baddbmm(parameters.bias, self._inputs.columns, parameters.weight, out=self._products)
        _leaky_relu(self._products_as_maps, SLOPE, out=self.outputs)

    def backward(self) -> None:
        grad = self._output_grad_as_maps
        _leaky_relu_backward(grad, self.outputs, SLOPE, True, grad_input=grad)
        torch.sum(self.output_grad, 1, keepdim=True, out=self._parameters.bias_grad)
        torch.bmm(self._columns_transposed, self.output_grad, out=self._parameters.weight_grad)
        if self._to_input_grad is not None:
            torch.bmm(self.output_grad, self._weight_transposed, out=self._to_input_grad.columns)
            self._to_input_grad.add_up()


class TransposedConv:
    """A transposed convolution with stride 2 and LeakyReLU, from ``side`` to twice the side.

    Outputs are [seeds, batch * 4 * side * side, filters].

    Parameters
    ----------
    parameters : LayerParameters
        Weight [seeds, channels, 9 * filters].
    inputs : Tensor
        Buffer [seeds, batch * side * side, channels] that the previous layer writes.
    input_grad : Tensor
        Buffer for the gradient of the inputs, shaped as they are.
    side : int
        Rows and columns of an input map.
    """

    def __init__(
        self, parameters: LayerParameters, inputs: Tensor, input_grad: Tensor, side: int
    ) -> None:
        seeds, positions, _ = inputs.shape
        filters = parameters.weight.shape[2] // KERNEL**2
        batch = positions // side**2
        self._parameters, self._inputs, self._input_grad = parameters, inputs, input_grad
        self._weight_transposed = parameters.weight_transposed
        self._inputs_transposed = inputs.transpose(1, 2)
        self.outputs = inputs.new_zeros(seeds, positions * 4, filters)
        self.output_grad = torch.zeros_like(self.outputs)
        maps_shape = (seeds, batch, 2 * side, 2 * side, filters)
        self._outputs_as_maps = self.outputs.view(maps_shape)
        self._output_grad_as_maps = self.output_grad.view(maps_shape)
        self._grad_patches = Im2Col(parameters.weight, batch, 2 * side, filters)
        # Shared memory: `forward` uses it for the outputs' patches, `backward` for the gradients'.
        self._output_patches = Col2Im(self.outputs, side, self._grad_patches.columns)

    def forward(self) -> None:
        torch.bmm(self._inputs, self._parameters.weight, out=self._output_patches.columns)
        self._output_patches.add_up(self._parameters.bias)
        F.leaky_relu_(self.outputs, SLOPE)

    def backward(self) -> None:
        patches = self._grad_patches
        _leaky_relu_backward(
            self._output_grad_as_maps, self._outputs_as_maps, SLOPE, True, grad_input=patches.maps
        )
        torch.sum(patches.padded, 1, keepdim=True, out=self._parameters.bias_grad)
        patches.extract()
        torch.bmm(self._inputs_transposed, patches.columns, out=self._parameters.weight_grad)
        torch.bmm(patches.columns, self._weight_transposed, out=self._input_grad)


class PixelLogits:
    """The last layer: a transposed convolution with stride 1 to one channel, the pixel logits.

    ``outputs`` and ``output_grad`` are [seeds, batch, side, side].

    Parameters
    ----------
    parameters : LayerParameters
        Weight [seeds, 9, channels].
    inputs : Tensor
        Buffer [seeds, batch * side * side, channels] that the previous layer writes.
    input_grad : Tensor
        Buffer for the gradient of the inputs, shaped as they are.
    side : int
        Rows and columns of an image.
    """

    def __init__(
        self, parameters: LayerParameters, inputs: Tensor, input_grad: Tensor, side: int
    ) -> None:
        seeds, positions, _ = inputs.shape
        batch = positions // side**2
        self._parameters, self._inputs, self._input_grad = parameters, inputs, input_grad
        self._side = side
        self._inputs_transposed = inputs.transpose(1, 2)
        self._columns = inputs.new_zeros(seeds, KERNEL**2, positions)
        # [seeds, batch, 9, side * side], as F.fold takes them
        self._columns_per_image = self._columns.view(seeds, KERNEL**2, batch, side**2)
        self._columns_per_image = self._columns_per_image.transpose(1, 2)
        self.outputs = inputs.new_zeros(seeds, batch, side, side)
        padded = inputs.new_zeros(seeds, batch, side + 2, side + 2)
        self.output_grad = padded[:, :, 1:-1, 1:-1]
        self._padded_grad = padded.view(seeds, 1, -1)
        # [seeds, kernel row, kernel column, batch, side, side], without a copy
        patches = padded.unfold(2, KERNEL, 1).unfold(3, KERNEL, 1)
        self._grad_patches = patches.permute(0, 4, 5, 1, 2, 3)
        self._grad_columns = torch.zeros_like(self._columns)
        self._grad_columns_as_patches = self._grad_columns.view(self._grad_patches.shape)
        self._grad_columns_transposed = self._grad_columns.transpose(1, 2)

    def forward(self) -> None:
        torch.bmm(self._parameters.weight, self._inputs_transposed, out=self._columns)
        columns = self._columns_per_image.flatten(0, 1)
        maps = F.fold(columns, (self._side, self._side), KERNEL, padding=1)
        bias = self._parameters.bias.unsqueeze(-1)
        torch.add(maps.view(self.outputs.shape), bias, out=self.outputs)

    def backward(self) -> None:
        torch.sum(self._padded_grad, 2, keepdim=True, out=self._parameters.bias_grad)
        self._grad_columns_as_patches.copy_(self._grad_patches)
        torch.bmm(self._grad_columns, self._inputs, out=self._parameters.weight_grad)
        torch.bmm(self._grad_columns_transposed, self._parameters.weight, out=self._input_grad)
