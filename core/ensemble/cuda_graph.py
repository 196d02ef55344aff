"""Capture of a training step as a CUDA graph, so that an NVIDIA GPU runs it in one launch.

At batch size 1 a step's kernels are so short that the GPU would wait for each launch. Source:
https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARM_UPS = 3  # calls in which libraries choose their kernels and allocate memory


def capture_graph(step: Callable[[], None], state: Sequence[Tensor]) -> Callable[[], None]:
    """Return a function that replays ``step`` as a CUDA graph.

    ``step`` must read and write the same memory at every call. Capturing runs it a few times;
    afterwards the tensors in ``state``, which it modifies, have their earlier values again.
    """
    saved = [tensor.clone() for tensor in state]
    side_stream = torch.cuda.Stream()
    side_stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side_stream):
        for _ in range(_WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(side_stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for tensor, value in zip(state, saved, strict=True):
        tensor.copy_(value)
    return graph.replay
