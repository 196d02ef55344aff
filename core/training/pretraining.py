"""Pre-training of a VAE on dataset 1, the old memories."""

import hashlib
import json
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.data.splits import Images
from core.model.vae import VAE, initialise
from core.runs.events import PretrainingAdvanced
from core.support.errors import DivergedError
from core.support.files import write_bytes
from core.support.random_streams import Purpose, random_stream
from core.support.stopping import Check, never
from core.training.recipe import Recipe

_PROGRESS_EVERY = 25  # steps


@dataclass
class _State:
    """Everything that an interrupted pre-training needs to continue bit for bit.

    Attributes
    ----------
    vae : VAE
        The model.
    adam : Adam
        Its optimiser.
    losses : list of float
        Mean loss of each finished epoch in nats per image.
    """

    vae: VAE
    adam: torch.optim.Adam
    losses: list[float] = field(default_factory=list)

    def is_over(self, recipe: Recipe) -> bool:
        best = int(np.argmin(self.losses)) if self.losses else 0
        return (
            len(self.losses) >= recipe.max_epochs or len(self.losses) - 1 - best >= recipe.patience
        )


def pretrain(
    images: Images, recipe: Recipe, checkpoint: Path | None = None, check: Check = never
) -> Generator[PretrainingAdvanced, None, tuple[VAE, tuple[float, ...]]]:
    """Train a VAE on images.

    Parameters
    ----------
    images : ndarray
        uint8 [n, 28, 28].
    recipe : Recipe
        Settings of pre-training.
    checkpoint : Path, optional
        File that is written after each epoch. If it holds a checkpoint of the same recipe and
        images, training continues from there, bit for bit. By default nothing is written.
    check : Check, optional
        Called before every step; it may raise.

    Yields
    ------
    PretrainingAdvanced
        Progress, every 25 steps and at the end of each epoch.

    Returns
    -------
    tuple of VAE and tuple of float
        The model, and each epoch's mean loss in nats per image.

    Raises
    ------
    DivergedError
        If an epoch's loss is not finite.
    """
    images_hash = hashlib.sha256(images.tobytes()).hexdigest()
    identity = json.dumps({**asdict(recipe), "images": images_hash}, sort_keys=True)
    state = _load(recipe, checkpoint, identity) if checkpoint is not None else None
    state = state or _new_state(recipe)
    tensor = torch.from_numpy(images).unsqueeze(1)
    while not state.is_over(recipe):
        yield from _epoch(state, tensor, recipe, check)
        if checkpoint is not None:
            _save(state, checkpoint, identity)
    return state.vae, tuple(state.losses)


def _new_state(recipe: Recipe) -> _State:
    vae = VAE(recipe.latent_dim)
    initialise(vae, random_stream(recipe.seed, Purpose.INITIAL_WEIGHTS))
    vae = vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adam = torch.optim.Adam(vae.parameters(), lr=recipe.lr, eps=recipe.adam_eps, fused=True)
    return _State(vae, adam)


def _epoch(
    state: _State, images: torch.Tensor, recipe: Recipe, check: Check
) -> Iterator[PretrainingAdvanced]:
    """Train one epoch on ``images`` uint8 [n, 1, 28, 28] and append its loss to the state."""
    epoch = len(state.losses)
    order = torch.from_numpy(
        random_stream(recipe.seed, Purpose.SHUFFLE, epoch).permutation(len(images))
    )
    noise = torch.from_numpy(
        random_stream(recipe.seed, Purpose.NOISE, epoch).standard_normal(
            (len(images), recipe.latent_dim), dtype=np.float32
        )
    )
    batches = order.split(recipe.batch_size)
    total = torch.zeros((), dtype=torch.float64)
    count = 0
    for index, (chosen, batch_noise) in enumerate(
        zip(batches, noise.split(recipe.batch_size), strict=True)
    ):
        check()
        batch = images[chosen].float().div_(255).contiguous(memory_format=torch.channels_last)
        losses = state.vae.losses(batch, batch_noise)
        state.adam.zero_grad()
        losses.total.backward()
        state.adam.step()
        total += losses.total.detach() * len(chosen)
        count += len(chosen)
        if index % _PROGRESS_EVERY == 0 or index + 1 == len(batches):
            yield PretrainingAdvanced(
                epoch * len(batches) + index + 1,
                recipe.max_epochs * len(batches),
                epoch + 1,
                recipe.max_epochs,
                float(total) / count,
            )
    state.losses.append(float(total) / count)
    if not np.isfinite(state.losses[-1]):
        raise DivergedError(
            f"pre-training's loss is not finite in epoch {epoch + 1}; lr is {recipe.lr}, "
            "choose a smaller one."
        )


def _save(state: _State, path: Path, identity: str) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in state.vae.state_dict().items()}
    for name, parameter in state.vae.named_parameters():
        moments: dict[str, Any] = state.adam.state[parameter]
        for key, value in moments.items():
            tensors[f"adam.{key}.{name}"] = value.contiguous()
    metadata = {"made_by": identity, "losses": json.dumps(state.losses)}
    write_bytes(path, save(tensors, metadata))


def _load(recipe: Recipe, path: Path, identity: str) -> _State | None:
    """Return a checkpoint's state; None if it is missing, damaged or of another recipe."""
    state = _new_state(recipe)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("made_by") != identity:
                return None
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
        state.losses = json.loads(metadata["losses"])
        state.vae.load_state_dict({name: tensors[name] for name in state.vae.state_dict()})
        for name, parameter in state.vae.named_parameters():
            state.adam.state[parameter] = {
                key: tensors[f"adam.{key}.{name}"].clone(memory_format=torch.preserve_format)
                if key == "step"
                else torch.empty_like(parameter).copy_(tensors[f"adam.{key}.{name}"])
                for key in ("step", "exp_avg", "exp_avg_sq")
            }
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None
    return state
