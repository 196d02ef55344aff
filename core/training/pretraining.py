"""Pre-training a VAE on dataset 1: how the old memories come to be known before the night."""

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
    """Everything that an interrupted pre-training needs to go on as if it never stopped."""

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
    """Train a VAE on ``images`` (uint8 [n, 28, 28]), yielding progress.

    The generator returns ``(vae, losses)``, the losses in nats per image, one an epoch. With a
    ``checkpoint`` path it saves itself there after each epoch and, started again with the same
    recipe and images, goes on from there to the same result, bit for bit. ``check`` is called
    before every step, and raises where the training is to stop.
    """
    seen = hashlib.sha256(images.tobytes()).hexdigest()
    made_by = json.dumps({**asdict(recipe), "images": seen}, sort_keys=True)
    state = _restored(recipe, checkpoint, made_by) if checkpoint is not None else None
    state = state or _fresh(recipe)
    data = torch.from_numpy(images).unsqueeze(1)
    while not state.is_over(recipe):
        yield from _epoch(state, data, recipe, check)
        if checkpoint is not None:
            _save(state, checkpoint, made_by)
    return state.vae, tuple(state.losses)


def _fresh(recipe: Recipe) -> _State:
    vae = VAE(recipe.latent_dim)
    initialise(vae, random_stream(recipe.seed, Purpose.INITIAL_WEIGHTS))
    vae = vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adam = torch.optim.Adam(vae.parameters(), lr=recipe.lr, eps=recipe.adam_eps, fused=True)
    return _State(vae, adam)


def _epoch(
    state: _State, data: torch.Tensor, recipe: Recipe, check: Check
) -> Iterator[PretrainingAdvanced]:
    epoch = len(state.losses)
    order = torch.from_numpy(
        random_stream(recipe.seed, Purpose.SHUFFLE, epoch).permutation(len(data))
    )
    shape = (len(data), recipe.latent_dim)
    drawn = random_stream(recipe.seed, Purpose.NOISE, epoch).standard_normal(
        shape, dtype=np.float32
    )
    noise = torch.from_numpy(drawn)
    batches = order.split(recipe.batch_size)
    total = torch.zeros((), dtype=torch.float64)
    seen = 0
    for index, (chosen, noise_batch) in enumerate(
        zip(batches, noise.split(recipe.batch_size), strict=True)
    ):
        check()
        batch = data[chosen].float().div_(255).contiguous(memory_format=torch.channels_last)
        losses = state.vae.losses(batch, noise_batch)
        state.adam.zero_grad()
        losses.total.backward()
        state.adam.step()
        total += losses.total.detach() * len(chosen)
        seen += len(chosen)
        if index % _PROGRESS_EVERY == 0 or index + 1 == len(batches):
            yield PretrainingAdvanced(
                epoch * len(batches) + index + 1,
                recipe.max_epochs * len(batches),
                epoch + 1,
                recipe.max_epochs,
                float(total) / seen,
            )
    state.losses.append(float(total) / seen)
    if not np.isfinite(state.losses[-1]):
        raise DivergedError(
            f"pre-training's loss is not finite in epoch {epoch + 1}; lr is {recipe.lr}, "
            "choose a smaller one."
        )


def _save(state: _State, path: Path, made_by: str) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in state.vae.state_dict().items()}
    for name, parameter in state.vae.named_parameters():
        moments: dict[str, Any] = state.adam.state[parameter]
        for key, value in moments.items():
            tensors[f"adam.{key}.{name}"] = value.contiguous()
    metadata = {"made_by": made_by, "losses": json.dumps(state.losses)}
    write_bytes(path, save(tensors, metadata))


def _restored(recipe: Recipe, path: Path, made_by: str) -> _State | None:
    """The checkpoint's state; None if there is none, or it is damaged or another recipe's."""
    state = _fresh(recipe)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("made_by") != made_by:
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
