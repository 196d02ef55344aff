"""Checkpoints of a night, written after every cycle, from which it resumes bit for bit.

Tensors are stored as safetensors and everything else as JSON; nothing is pickled. No state of a
random generator is stored, because every random stream starts from its name (see
`core.support.random_streams`).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from core.ensemble import MOMENTS, Ensemble
from core.model.vae import VAE
from core.model.weights import file_sha256, load_vae
from core.runs.events import WeightsUsed
from core.runs.values import MAX_NIGHT_SECONDS, is_text
from core.support.checksums import read_checked_json, write_checked_json
from core.support.errors import WeightsError
from core.support.files import create_folder, open_inside, write_bytes

_RECORD = re.compile(r"cycle-(\d{6})\.json")
_HEADER_BYTES = 1_024  # per tensor in a safetensors header, generously
_MAX_KEPT = 2  # if the newest is damaged, the one before it is used


@dataclass(frozen=True)
class Checkpoint:
    """State of a night after a cycle.

    Attributes
    ----------
    cycle : int
        Number of the cycle, from 1.
    seconds : float
        Duration of the night until then.
    tensors : dict of str to Tensor
        Weights, Adam moments and step counts, named ``seed-SEED.PART.PARAMETER``; float32.
    """

    cycle: int
    seconds: float
    tensors: dict[str, Tensor]

    def restore(self, ensemble: Ensemble) -> None:
        """Replace the model and the Adam state of every seed in ``ensemble``."""
        for index, seed in enumerate(ensemble.seeds):
            parts: dict[str, dict[str, Tensor]] = {}
            for key, tensor in self.tensors.items():
                owner, part, name = key.split(".", 2)
                if owner == f"seed-{seed}":
                    parts.setdefault(part, {})[name] = tensor
            steps = int(next(iter(parts["step"].values())))
            moments = {moment: parts[moment] for moment in MOMENTS}
            ensemble.restore(index, parts["vae"], moments, steps)


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoints in ``folder``, which belongs to one run."""

    folder: Path

    def save_initial_model(self, vae: VAE, weights: WeightsUsed) -> None:
        """Write the model that the night starts from and the origin of its weights."""
        sha256 = _save(vae.state_dict(), self._initial_path)
        record = {**asdict(weights), "kept_sha256": sha256}
        write_checked_json(self._initial_path.with_suffix(".json"), record)

    def initial_model(self, latent_dim: int) -> tuple[VAE, WeightsUsed] | None:
        """Return what `save_initial_model` wrote; None if it is missing or damaged."""
        try:
            self._check_no_link()
            record = read_checked_json(self._initial_path.with_suffix(".json"))
            if file_sha256(self._initial_path) != record.pop("kept_sha256"):
                return None
            if not all(map(is_text, record.values())):
                return None
            return load_vae(self._initial_path, latent_dim), WeightsUsed(**record)
        except (OSError, ValueError, KeyError, TypeError, WeightsError):
            return None

    def save(self, cycle: int, seconds: float, ensemble: Ensemble) -> None:
        """Write a checkpoint and delete all but the newest two up to this cycle.

        The JSON record is written last; without it a checkpoint does not count.

        Parameters
        ----------
        cycle : int
            Number of the finished cycle, from 1.
        seconds : float
            Duration of the night until now.
        ensemble : Ensemble
            Models and Adam states to store.

        Raises
        ------
        OSError
            If the folder is a link or cannot be written.
        """
        path = self._path(cycle)
        tensors: dict[str, Tensor] = {}
        for index, seed in enumerate(ensemble.seeds):
            model: dict[str, Tensor] = dict(ensemble.vae(index).named_parameters())
            steps = {name: torch.tensor(float(ensemble.steps)) for name in model}
            parts = {"vae": model, "step": steps, **ensemble.moments(index)}
            for part, named in parts.items():
                tensors |= {f"seed-{seed}.{part}.{name}": tensor for name, tensor in named.items()}
        record: dict[str, Any] = {
            "cycle": cycle,
            "seconds": seconds,
            "seeds": list(ensemble.seeds),
            "sha256": _save(tensors, path),
        }
        write_checked_json(path.with_suffix(".json"), record)
        # An earlier attempt at the night may have left checkpoints of later cycles.
        earlier = [number for number in self._cycles() if number <= cycle]
        for number in earlier[:-_MAX_KEPT]:
            for file in (self._path(number).with_suffix(".json"), self._path(number)):
                file.unlink(missing_ok=True)

    def newest(self, finished: int, ensemble: Ensemble) -> Checkpoint | None:
        """Return the newest checkpoint of a cycle up to ``finished``; None if there is none.

        Checkpoints that are damaged or do not match the seeds and shapes of ``ensemble`` are
        ignored.
        """
        shapes = _shapes(ensemble)
        for cycle in reversed(self._cycles()):
            if cycle <= finished and (checkpoint := self._load(cycle, shapes)) is not None:
                return checkpoint
        return None

    def _load(self, cycle: int, shapes: Mapping[str, torch.Size]) -> Checkpoint | None:
        path = self._path(cycle)
        max_bytes = sum(4 * shape.numel() + _HEADER_BYTES for shape in shapes.values())
        try:
            self._check_no_link()
            record = read_checked_json(path.with_suffix(".json"))
            with open_inside(self.folder, path.name, max_bytes=max_bytes) as file:
                content = file.read(max_bytes)
            if hashlib.sha256(content).hexdigest() != record["sha256"]:
                return None
            seconds = float(record["seconds"])
            tensors = load(content)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None
        if record.get("cycle") != cycle or not 0 <= seconds <= MAX_NIGHT_SECONDS:
            return None
        if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
            return None
        if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
            return None
        return Checkpoint(cycle, seconds, tensors)

    def _cycles(self) -> list[int]:
        """Return the cycles that have a record, in ascending order."""
        if not self.folder.is_dir():
            return []
        names = (_RECORD.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def _path(self, cycle: int) -> Path:
        return self.folder / f"cycle-{cycle:06d}.safetensors"

    def _check_no_link(self) -> None:
        """Raise OSError if the folder is a link, which could lead outside of the run."""
        if self.folder.is_symlink():
            raise OSError(f"{self.folder} is a link")

    @property
    def _initial_path(self) -> Path:
        return self.folder / "start.safetensors"


def _shapes(ensemble: Ensemble) -> dict[str, torch.Size]:
    """Return the shapes of all tensors in a checkpoint of ``ensemble``, by name."""
    model = {name: value.shape for name, value in ensemble.vae(0).named_parameters()}
    return {
        f"seed-{seed}.{part}.{name}": torch.Size([]) if part == "step" else shape
        for seed in ensemble.seeds
        for part in ("vae", "step", *MOMENTS)
        for name, shape in model.items()
    }


def _save(tensors: dict[str, Tensor], path: Path) -> str:
    """Write ``tensors`` and return the file's SHA-256."""
    create_folder(path.parent)  # without its parents: a deleted run must not reappear
    # Not safetensors' save_file, which reports a full disk as an error of its format.
    content = save(tensors)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()
