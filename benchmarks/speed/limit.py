"""The machine's limit: operations counted from the layers, divided by its rate of operations."""

import time

import torch

from core.support.threads import parallel_map, torch_threads

_TRIALS, _PRODUCTS = 20, 50
_FLAT = 64 * 7 * 7

# Positions, input channels and output channels of each convolution; all kernels are 3 x 3.
_ENCODER = [(14 * 14, 1, 32), (7 * 7, 32, 64)]
_DECODER = [(7 * 7, 64, 64), (14 * 14, 64, 32), (28 * 28, 32, 1)]
_READER = [(14 * 14, 1, 16), (7 * 7, 16, 32)]
_READER_DENSE = [(32 * 7 * 7, 64), (64, 20)]


def step_flops(latent_dim: int) -> int:
    """Return the floating-point operations of a training step at batch size 1.

    A multiplication and its addition count as two. Each layer multiplies three times: for its
    outputs, for the gradients of its weights and for those of its inputs. The first layer needs no
    gradients of its inputs.
    """
    dense = [(_FLAT, 16), (16, latent_dim), (latent_dim, 2 * latent_dim), (latent_dim, _FLAT)]
    not_computed = _multiplications(_ENCODER[:1], [])
    return 2 * (3 * _multiplications(_ENCODER + _DECODER, dense) - not_computed)


def measure_flops(latent_dim: int) -> int:
    """Return the floating-point operations of measuring one test image.

    It is reconstructed, recalled from a partial image, and the recall is classified.
    """
    dense = [(_FLAT, 16), (16, latent_dim), (latent_dim, latent_dim), (latent_dim, _FLAT)]
    vae = _multiplications(_ENCODER + _DECODER, dense)
    return 2 * (2 * vae + _multiplications(_READER, _READER_DENSE))


def multiply_rate(threads: int) -> float:
    """Return the float32 operations per second in matrix products of the step's largest size.

    Each thread multiplies matrices of its own, which is faster than sharing one product.
    """
    with torch_threads():
        return sum(parallel_map(lambda _: _rate(), range(threads), threads))


def _rate() -> float:
    left, right, product = torch.rand(288, 64), torch.rand(64, 196), torch.empty(288, 196)
    best = float("inf")
    for _ in range(_TRIALS):
        start = time.perf_counter()
        for _ in range(_PRODUCTS):
            torch.mm(left, right, out=product)
        best = min(best, time.perf_counter() - start)
    return _PRODUCTS * 2 * 288 * 64 * 196 / best


def _multiplications(convolutions: list[tuple[int, int, int]], dense: list[tuple[int, int]]) -> int:
    in_convolutions = sum(9 * count * inputs * outputs for count, inputs, outputs in convolutions)
    return in_convolutions + sum(inputs * outputs for inputs, outputs in dense)
