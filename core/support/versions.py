"""The versions that a result depends on."""

import platform
from importlib.metadata import version

_LIBRARIES = ("torch", "torchvision", "numpy", "mlxtend", "safetensors")


def versions() -> dict[str, str]:
    """Python's and the numerical libraries' versions, by name."""
    return {
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
    }
