"""Torch devices of this machine."""

import torch

from core.support.errors import ConfigError


def resolve(name: str) -> torch.device:
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
