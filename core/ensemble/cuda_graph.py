"""Steps on an NVIDIA GPU as one launch: a batch of one image leaves it waiting for its next kernel.

Source: CUDA graphs as in https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARM_UPS = 3  # in which libraries choose their kernels and find their memory


def capture_graph(step: Callable[[], None], changed: Sequence[Tensor]) -> Callable[[], None]:
    """``step`` as a CUDA graph; it must always read and write the same memory.

    ``changed`` are the tensors that the step changes and that are to be as they were afterwards,
    for it is taken a few times in between.
    """
    before = [tensor.clone() for tensor in changed]
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(_WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for tensor, value in zip(changed, before, strict=True):
        tensor.copy_(value)
    return graph.replay
