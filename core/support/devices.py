"""Torch devices of this machine."""

import platform
from contextlib import suppress
from pathlib import Path

import torch

from core.support.errors import ConfigError

_DRIVER_FILES = (Path("/proc/driver/nvidia/version"), Path("/sys/module/amdgpu/version"))


def resolve_device(name: str) -> torch.device:
    """Return the torch device for ``name``: "auto", "cpu", "cuda" or "mps".

    "auto" selects CUDA if it is available, else MPS, else the CPU. Raise `ConfigError` if this
    machine lacks the device.
    """
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if available[device]))
    if not available[name]:
        usable = ", ".join(device for device, present in available.items() if present)
        raise ConfigError(f"device is {name!r}, which this machine lacks; choose auto or {usable}.")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Return whether ``device`` computes bfloat16 in hardware, and so faster than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def device_versions(device: torch.device) -> dict[str, str]:
    """Return what an accelerator's numbers depend on: its name and the versions of its software.

    ``device`` must not be the CPU. The system's version covers drivers that belong to it, such as
    Apple's.
    """
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        runtime = torch.version.cuda or torch.version.hip or ""
    else:
        name, runtime = torch.backends.mps.get_name(), ""
    return {
        "type": device.type,
        "name": name,
        "driver": driver_version(),
        "runtime": runtime,
        "system": platform.platform(),
        "torch": torch.__version__,
    }


def driver_version() -> str:
    """Return the version text of the NVIDIA or AMD kernel driver, "" if it is unknown."""
    for file in _DRIVER_FILES:
        with suppress(OSError):
            return file.read_text(errors="replace").split("\n", 1)[0]
    return ""
