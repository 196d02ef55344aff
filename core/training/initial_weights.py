"""Choice of the weights that a night starts from; they are pre-trained if there are none."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.data import DatasetPair
from core.model.vae import VAE
from core.model.weights import file_sha256, load_vae, shipped_path, user_cache_path
from core.runs.events import PretrainingAdvanced, WeightsUsed
from core.schedule.config import RunConfig
from core.support.files import create_folders
from core.support.locks import acquire
from core.support.stopping import Check, never
from core.training.pretrained_weights import pretrain_to_file
from core.training.recipe import Recipe

InitialModel = Generator[PretrainingAdvanced, None, tuple[VAE, WeightsUsed]]


def initial_weights(config: RunConfig, pair: DatasetPair, check: Check = never) -> InitialModel:
    """Load the weights that a night starts from, or pre-train them.

    The first of these that applies: the file that the config names; new weights, pre-trained now,
    if ``config.use_initial_weights`` is False; the weights that ship with the program; weights in
    the user cache; new weights, pre-trained now. Pre-trained weights are stored in the user cache.

    Parameters
    ----------
    config : RunConfig
        Settings of the night.
    pair : DatasetPair
        Datasets of the config's split and source; pre-training uses dataset 1.
    check : Check, optional
        Called before every step of pre-training and while another process pre-trains the same
        weights; it may raise.

    Yields
    ------
    PretrainingAdvanced
        Progress of pre-training, if it takes place.

    Returns
    -------
    tuple of VAE and WeightsUsed
        The model and the origin of its weights.

    Raises
    ------
    WeightsError
        If the file to load is missing, damaged or of another latent size.
    """
    if config.weights is not None:
        return _load("given", Path(config.weights).expanduser(), config)
    in_cache = user_cache_path(config.split, config.latent_dim, config.data, config.pretrain_seed)
    if config.use_initial_weights:
        shipped = shipped_path(config.split, config.latent_dim)
        if shipped.exists():
            return _load("cached", shipped, config)
        if in_cache.exists():
            return _load("pre-trained", in_cache, config)
    recipe = Recipe(latent_dim=config.latent_dim, seed=config.pretrain_seed)
    with _locked(in_cache.with_suffix(".lock"), check):
        # Another process may have trained the same weights while this one waited.
        if not (config.use_initial_weights and in_cache.exists()):
            yield from pretrain_to_file(pair, recipe, in_cache, check)
    return _load("pre-trained", in_cache, config)


@contextmanager
def _locked(path: Path, check: Check) -> Iterator[None]:
    """Hold the lock on ``path``; call ``check`` while another process holds it."""
    create_folders(path.parent)
    while (lock := acquire(path)) is None:
        check()
    with lock:
        yield


def _load(origin: str, path: Path, config: RunConfig) -> tuple[VAE, WeightsUsed]:
    vae = load_vae(path, config.latent_dim)
    return vae, WeightsUsed(origin, path.name, file_sha256(path))
