"""A night's state on disk after every cycle, from which it goes on bit for bit.

Tensors are safetensors, all else is JSON; nothing is pickled. No generator has a state to save:
every stream of random numbers starts from its name (see `draws`), so the cycle says it all.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from core.ensemble import MOMENTS, Ensemble
from core.errors import WeightsError
from core.events import WeightsUsed
from core.files import write_bytes
from core.store.sealed import read_sealed, write_sealed
from core.vae import VAE
from core.weights import file_sha256, load_vae

_KEPT = 2  # should the newest be damaged, the one before it still serves
_STREAMS = "every stream starts from (seed, purpose, position): the next position is cycle + 1"


@dataclass(frozen=True)
class Saved:
    """A checkpoint: the state after ``cycle``, and the night's ``seconds`` until then."""

    cycle: int
    seconds: float
    tensors: dict[str, Tensor]

    def restore(self, ensemble: Ensemble) -> None:
        """Give each seed the model and the Adam state that it had."""
        for place, seed in enumerate(ensemble.seeds):
            parts: dict[str, dict[str, Tensor]] = {}
            for key, tensor in self.tensors.items():
                owner, part, name = key.split(".", 2)
                if owner == f"seed-{seed}":
                    parts.setdefault(part, {})[name] = tensor
            steps = int(next(iter(parts["step"].values())))
            moments = {moment: parts[moment] for moment in MOMENTS}
            ensemble.restore(place, parts["vae"], moments, steps)


@dataclass(frozen=True)
class Checkpoints:
    """The folder of a run's checkpoints."""

    folder: Path

    def save_start(self, vae: VAE, used: WeightsUsed) -> None:
        """Keep the weights that the night starts from, wherever they came from.

        Makes the folder, which `save` does not: a deleted run must not come back.
        """
        self.folder.mkdir(exist_ok=True)
        _save(vae.state_dict(), self._start)
        record = {**asdict(used), "kept_sha256": file_sha256(self._start)}
        write_sealed(self._start.with_suffix(".json"), record)

    def start(self, latent_dim: int) -> tuple[VAE, WeightsUsed] | None:
        """What `save_start` kept; None if there is nothing whole."""
        try:
            record = read_sealed(self._start.with_suffix(".json"))
            if file_sha256(self._start) != record.pop("kept_sha256"):
                return None
            return load_vae(self._start, latent_dim), WeightsUsed(**record)
        except (OSError, ValueError, KeyError, TypeError, WeightsError):
            return None

    def save(self, cycle: int, seconds: float, ensemble: Ensemble) -> None:
        """Keep the state after ``cycle``; the JSON comes last and makes the checkpoint count."""
        path = self._path(cycle)
        tensors: dict[str, Tensor] = {}
        for place, seed in enumerate(ensemble.seeds):
            model: dict[str, Tensor] = dict(ensemble.vae(place).named_parameters())
            steps = {name: torch.tensor(float(ensemble.steps)) for name in model}
            parts = {"vae": model, "step": steps, **ensemble.moments(place)}
            for part, named in parts.items():
                tensors |= {f"seed-{seed}.{part}.{name}": each for name, each in named.items()}
        _save(tensors, path)
        record: dict[str, Any] = {
            "cycle": cycle,
            "seconds": seconds,
            "seeds": list(ensemble.seeds),
            "generators": _STREAMS,
            "sha256": file_sha256(path),
        }
        write_sealed(path.with_suffix(".json"), record)
        for old in self._cycles()[:-_KEPT]:
            for file in (self._path(old).with_suffix(".json"), self._path(old)):
                file.unlink(missing_ok=True)

    def newest(self, finished: int) -> Saved | None:
        """The newest whole checkpoint of a cycle up to ``finished``; None if there is none."""
        for cycle in reversed(self._cycles()):
            if cycle <= finished and (saved := self._load(cycle)) is not None:
                return saved
        return None

    def _load(self, cycle: int) -> Saved | None:
        path = self._path(cycle)
        try:
            record = read_sealed(path.with_suffix(".json"))
            if file_sha256(path) != record["sha256"]:
                return None
            return Saved(record["cycle"], record["seconds"], load_file(path))
        except (OSError, ValueError, KeyError):
            return None

    def _cycles(self) -> list[int]:
        return sorted(int(path.stem[-6:]) for path in self.folder.glob("cycle-??????.json"))

    def _path(self, cycle: int) -> Path:
        return self.folder / f"cycle-{cycle:06d}.safetensors"

    @property
    def _start(self) -> Path:
        return self.folder / "start.safetensors"


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    # Not safetensors' own save_file, which calls a full disk a fault of its format.
    write_bytes(path, save(tensors))
