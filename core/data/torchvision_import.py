"""Import torchvision beside any build of torch.

A torchvision wheel built for CUDA fails to import beside a CPU build of torch ("operator
torchvision::nms does not exist"), because its Python part describes two operators that only its
compiled part defines. Declaring those two schemas first lets datasets, transforms and utils work;
nothing here calls the operators themselves.
"""

import functools
import importlib
import sys
from types import ModuleType

import torch

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache
def torchvision_datasets() -> ModuleType:
    """``torchvision.datasets``, with the missing operators declared only if the import needs it."""
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(operator + _BOXES)
    datasets = importlib.import_module("torchvision.datasets")
    # The schemas live as long as the library object does, so the module keeps it.
    datasets.declared_operators = library  # type: ignore[attr-defined]
    return datasets
