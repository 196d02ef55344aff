"""Which weights a night starts from, trained first where there are none."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.data import DatasetPair
from core.model.vae import VAE
from core.model.weights import file_sha256, load_vae, shipped_path, user_cache_path
from core.runs.events import PretrainingAdvanced, WeightsUsed
from core.schedule.config import RunConfig
from core.support.files import make_folders
from core.support.locks import acquire
from core.support.stopping import Check, never
from core.training.pretrained_weights import pretrain_to_file
from core.training.recipe import Recipe

Start = Generator[PretrainingAdvanced, None, tuple[VAE, WeightsUsed]]


def initial_weights(config: RunConfig, pair: DatasetPair, check: Check = never) -> Start:
    """Yield the progress of pre-training, if there is need of it; return the model and its origin.

    In order: the file the config names; fresh ones, if it asks for them; those that ship with
    the program; those that this machine trained before; else pre-training, kept for next time.
    """
    if config.weights is not None:
        return _load("given", Path(config.weights).expanduser(), config)
    own = user_cache_path(config.split, config.latent_dim, config.data, config.pretrain_seed)
    if config.use_initial_weights:
        cached = shipped_path(config.split, config.latent_dim)
        if cached.exists():
            return _load("cached", cached, config)
        if own.exists():
            return _load("pre-trained", own, config)
    recipe = Recipe(latent_dim=config.latent_dim, seed=config.pretrain_seed)
    with _alone(own.with_suffix(".lock"), check):
        # Another night may have trained the very same meanwhile.
        if not (config.use_initial_weights and own.exists()):
            yield from pretrain_to_file(pair, recipe, own, check)
    return _load("pre-trained", own, config)


@contextmanager
def _alone(path: Path, check: Check) -> Iterator[None]:
    """Wait until no other process holds the lock on ``path``, and hold it."""
    make_folders(path.parent)
    while (lock := acquire(path)) is None:
        check()
    with lock:
        yield


def _load(origin: str, path: Path, config: RunConfig) -> tuple[VAE, WeightsUsed]:
    vae = load_vae(path, config.latent_dim)
    return vae, WeightsUsed(origin, path.name, file_sha256(path))
