"""Versions of Python and the libraries that a result depends on."""

import platform
from importlib.metadata import version

_LIBRARIES = ("torch", "torchvision", "numpy", "mlxtend", "safetensors")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the numerical libraries, by name."""
    return {
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
    }
