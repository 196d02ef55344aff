"""Weights files in safetensors format, each with a JSON record of its training."""

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
from core.support.files import create_folders, read_bytes, write_bytes, write_text
from core.support.text import shorten

_MAX_FILE_BYTES = 64_000_000  # the largest model in float64 has 21 million


def shipped_path(split: str, latent_dim: int) -> Path:
    """Return the path of the weights included with the program."""
    return environment.CACHED_WEIGHTS / f"vae-{split}-{latent_dim}.safetensors"


def user_cache_path(split: str, latent_dim: int, source: str, seed: int) -> Path:
    """Return the path of weights that were pre-trained on this machine.

    Parameters
    ----------
    split : str
        Name of the dataset split.
    latent_dim : int
        Number of latent variables.
    source : str
        Name of the source of the images.
    seed : int
        Seed of pre-training.

    Returns
    -------
    Path
        Path in the user's cache; the file need not exist.
    """
    name = f"vae-{split}-{latent_dim}-{source}-seed{seed}.safetensors"
    return environment.cache_dir() / "weights" / name


def record_path(path: Path) -> Path:
    """Return the path of the JSON record of a weights file."""
    return path.with_suffix(".json")


def save_weights(model: nn.Module, path: Path, record: Mapping[str, Any]) -> None:
    """Write the weights of a model and their record, each atomically.

    Parameters
    ----------
    model : nn.Module
        Model whose state is written.
    path : Path
        Weights file; missing folders are created.
    record : Mapping of str to Any
        Content of the record, JSON values; the SHA-256 of the weights file is added.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    create_folders(path.parent)
    write_bytes(path, save(tensors))
    write_text(record_path(path), json.dumps({**record, "sha256": file_sha256(path)}, indent=1))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a weights file in hexadecimal; raise OSError if it cannot be read."""
    return hashlib.sha256(_content(path)).hexdigest()


def load_weights(model: nn.Module, path: Path, *, hint: str = "") -> None:
    """Load the tensors of a weights file into a model, as float32.

    Parameters
    ----------
    model : nn.Module
        Model to fill; it stays unchanged if the file is refused.
    path : Path
        Weights file with exactly the tensors of the model, in any floating-point type.
    hint : str, default ""
        Text added to the message about a wrong shape.

    Raises
    ------
    WeightsError
        If the file is missing or damaged, or a tensor is missing, unexpected, of another shape,
        not floating point or not finite. The sentence names the file, the tensor, the expected
        and the actual value.
    """
    stored = _read(path)
    expected = model.state_dict()
    for name, tensor in expected.items():
        if name not in stored:
            raise WeightsError(
                f"weights file {path}: tensor '{name}' of shape {_shape(tensor)} was expected "
                f"and is missing; the file holds "
                f"{shorten(', '.join(sorted(stored))) or 'no tensors'}."
            )
        if stored[name].shape != tensor.shape:
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected with shape {_shape(tensor)} "
                f"and found with shape {_shape(stored[name])}{hint}."
            )
        if not stored[name].is_floating_point():
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected as floating point "
                f"and found as {stored[name].dtype}."
            )
        if not torch.isfinite(stored[name].float()).all():  # after conversion to float32
            raise WeightsError(
                f"weights file {path}: tensor '{name}' was expected with finite numbers "
                "and found with NaN or infinity."
            )
    for name in stored:
        if name not in expected:
            raise WeightsError(
                f"weights file {path}: tensor '{shorten(name)}' was not expected; the model has "
                f"{', '.join(expected)}."
            )
    model.load_state_dict({name: tensor.float() for name, tensor in stored.items()})


def load_vae(path: Path, latent_dim: int) -> VAE:
    """Load a VAE from a weights file; raise `WeightsError` as `load_weights` does."""
    vae = VAE(latent_dim)
    load_weights(vae, path, hint=f" (latent_dim is {latent_dim}; give the value of the file)")
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
    """Read a weights file; follow symbolic links, because users may give any path."""
    return read_bytes(Path(os.path.realpath(path)), _MAX_FILE_BYTES)


def _shape(tensor: Tensor) -> str:
    return str(list(tensor.shape))
