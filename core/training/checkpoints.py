"""A night's state on disk after every cycle, from which it goes on bit for bit.

Tensors are safetensors, all else is JSON; nothing is pickled. No generator has a state to save:
every stream of random numbers starts from its name (see `draws`), so the cycle says it all.
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
from core.runs.values import MOST_SECONDS, is_text
from core.support.checksums import read_checked_json, write_checked_json
from core.support.errors import WeightsError
from core.support.files import make_folder, open_inside, write_bytes

_RECORD = re.compile(r"cycle-(\d{6})\.json")
_BYTES_PER_TENSOR = 1_024  # in a file's header, generously
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
        """Keep the weights that the night starts from, wherever they came from."""
        kept = _save(vae.state_dict(), self._start)
        record = {**asdict(used), "kept_sha256": kept}
        write_checked_json(self._start.with_suffix(".json"), record)

    def start(self, latent_dim: int) -> tuple[VAE, WeightsUsed] | None:
        """What `save_start` kept; None if there is nothing whole."""
        try:
            self._check_no_link()
            record = read_checked_json(self._start.with_suffix(".json"))
            if file_sha256(self._start) != record.pop("kept_sha256"):
                return None
            if not all(map(is_text, record.values())):
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
        record: dict[str, Any] = {
            "cycle": cycle,
            "seconds": seconds,
            "seeds": list(ensemble.seeds),
            "generators": _STREAMS,
            "sha256": _save(tensors, path),
        }
        write_checked_json(path.with_suffix(".json"), record)
        # Not those of later cycles: an earlier attempt at the night may have left them.
        for old in [each for each in self._cycles() if each <= cycle][:-_KEPT]:
            for file in (self._path(old).with_suffix(".json"), self._path(old)):
                file.unlink(missing_ok=True)

    def newest(self, finished: int, ensemble: Ensemble) -> Saved | None:
        """The newest checkpoint of a cycle up to ``finished``; None if there is none.

        What is damaged, or is not the state of a night of ``ensemble``, does not count.
        """
        shapes = _shapes(ensemble)
        for cycle in reversed(self._cycles()):
            if cycle <= finished and (saved := self._load(cycle, shapes)) is not None:
                return saved
        return None

    def _load(self, cycle: int, shapes: Mapping[str, torch.Size]) -> Saved | None:
        path = self._path(cycle)
        size = sum(4 * shape.numel() + _BYTES_PER_TENSOR for shape in shapes.values())
        try:
            self._check_no_link()
            record = read_checked_json(path.with_suffix(".json"))
            with open_inside(self.folder, path.name, max_bytes=size) as file:
                content = file.read(size)
            if hashlib.sha256(content).hexdigest() != record["sha256"]:
                return None
            seconds = float(record["seconds"])
            tensors = load(content)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None
        found = {name: tensor.shape for name, tensor in tensors.items()}
        floats = all(tensor.dtype == torch.float32 for tensor in tensors.values())
        if record["cycle"] != cycle or not 0 <= seconds <= MOST_SECONDS:
            return None
        if found != shapes or not floats:
            return None
        return Saved(cycle, seconds, tensors)

    def _cycles(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        names = (_RECORD.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def _path(self, cycle: int) -> Path:
        return self.folder / f"cycle-{cycle:06d}.safetensors"

    def _check_no_link(self) -> None:
        """Raise OSError if the folder is not one of the run's own."""
        if self.folder.is_symlink():
            raise OSError(f"{self.folder} is a link")

    @property
    def _start(self) -> Path:
        return self.folder / "start.safetensors"


def _shapes(ensemble: Ensemble) -> dict[str, torch.Size]:
    """The tensors of a checkpoint of ``ensemble``, by name."""
    model = {name: value.shape for name, value in ensemble.vae(0).named_parameters()}
    return {
        f"seed-{seed}.{part}.{name}": torch.Size([]) if part == "step" else shape
        for seed in ensemble.seeds
        for part in ("vae", "step", *MOMENTS)
        for name, shape in model.items()
    }


def _save(tensors: dict[str, Tensor], path: Path) -> str:
    """Write ``tensors`` and give the file's SHA-256."""
    make_folder(path.parent)  # not those above it: a deleted run must not come back
    # Not safetensors' own save_file, which calls a full disk a fault of its format.
    content = save(tensors)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()
