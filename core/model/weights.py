"""Weights as safetensors, each with a JSON beside it that says how it was made."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from core.model.vae import VAE
from core.support import environment
from core.support.errors import WeightsError
from core.support.files import make_folders, read_bytes, write_bytes, write_text
from core.support.text import shorten

_LARGEST_FILE = 64_000_000  # bytes; the largest model in float64 has 21 million


def shipped_path(split: str, latent_dim: int) -> Path:
    """Where the weights that ship with the program lie."""
    return environment.CACHED_WEIGHTS / f"vae-{split}-{latent_dim}.safetensors"


def user_cache_path(split: str, latent_dim: int, source: str, seed: int) -> Path:
    """Where weights pre-trained on this machine are kept."""
    name = f"vae-{split}-{latent_dim}-{source}-seed{seed}.safetensors"
    return environment.cache_dir() / "weights" / name


def record_path(path: Path) -> Path:
    """The JSON beside a weights file."""
    return path.with_suffix(".json")


def save_weights(model: nn.Module, path: Path, record: Mapping[str, Any]) -> None:
    """Write the tensors of ``model`` to ``path`` and ``record`` beside it, each whole or not."""
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    make_folders(path.parent)
    write_bytes(path, save(tensors))
    write_text(record_path(path), json.dumps({**record, "sha256": file_sha256(path)}, indent=1))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a weights file, in hexadecimal; raises OSError as `read_bytes` does."""
    return hashlib.sha256(_content(path)).hexdigest()


def load_weights(model: nn.Module, path: Path, *, hint: str = "") -> None:
    """Fill ``model`` with the tensors in ``path``.

    Any float type is taken and kept as float32. Raises `WeightsError` that names the file, the
    tensor, what was expected and what was found; ``hint`` is added where a shape is wrong.
    """
    found = _read(path)
    expected = model.state_dict()
    for name, tensor in expected.items():
        if name not in found:
            raise WeightsError(
                f"weights file {path}: tensor '{name}' of shape {_shape(tensor)} was expected "
                f"and is missing; the file holds "
                f"{shorten(', '.join(sorted(found))) or 'no tensors'}."
            )
        if found[name].shape != tensor.shape:
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected with shape {_shape(tensor)} "
                f"and found with shape {_shape(found[name])}{hint}."
            )
        if not found[name].is_floating_point():
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected as floating point "
                f"and found as {found[name].dtype}."
            )
        if not torch.isfinite(found[name].float()).all():  # as float32, which is kept
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected with finite numbers "
                "and found with NaN or infinity."
            )
    for name in found:
        if name not in expected:
            raise WeightsError(
                f"weights file {path}: tensor '{shorten(name)}' was not expected; the model has "
                f"{', '.join(expected)}."
            )
    model.load_state_dict({name: tensor.float() for name, tensor in found.items()})


def load_vae(path: Path, latent_dim: int) -> VAE:
    """The VAE stored in ``path``; raises `WeightsError` as `load_weights` does."""
    vae = VAE(latent_dim)
    load_weights(vae, path, hint=f" (latent_dim is {latent_dim}; give the file's own)")
    return vae


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load(_content(path))
    except FileNotFoundError:
        raise WeightsError(f"weights file {path}: there is no such file.") from None
    except (SafetensorError, OSError, ValueError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise WeightsError(
            f"weights file {path}: expected a safetensors file and found one that cannot be "
            f"read ({shorten(str(reason))})."
        ) from None


def _content(path: Path) -> bytes:
    """The bytes of a weights file; a link leads to one as well, for a person may give any path."""
    return read_bytes(Path(os.path.realpath(path)), _LARGEST_FILE)


def _shape(tensor: Tensor) -> str:
    return str(list(tensor.shape))
