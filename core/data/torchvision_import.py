"""Import torchvision with any build of torch.

A torchvision wheel built for CUDA fails to import with a CPU build of torch ("operator
torchvision::nms does not exist"), because its Python code refers to two operators that only its
compiled library defines. If their schemas are declared first, the datasets work; this project
never calls the operators.
"""

import functools
import importlib
import sys
from types import ModuleType

import torch

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache
def torchvision_datasets() -> ModuleType:
    """Import ``torchvision.datasets``; declare missing operators only if the import fails.

    Raise RuntimeError if the import fails for another reason.
    """
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
    # The schemas exist as long as the library object does, so the module holds a reference.
    datasets.declared_operators = library  # type: ignore[attr-defined]
    return datasets
