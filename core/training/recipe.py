"""Settings of pre-training, as one validated value."""

from dataclasses import dataclass

from core.support.validation import (
    LARGEST_SEED,
    MAX_BATCH,
    MAX_EPOCHS,
    MAX_LATENT_DIM,
    integer,
    positive_number,
)


@dataclass(frozen=True)
class Recipe:
    """Settings of pre-training; the defaults are the reference's.

    Raises `ConfigError` for a value out of bounds.

    Parameters
    ----------
    latent_dim : int, default 5
        Size of the latent space.
    seed : int, default 0
        Seed of initial weights, order and noise.
    batch_size : int, default 32
        Images per step.
    max_epochs : int, default 25
        Largest number of epochs.
    patience : int, default 3
        Training stops when its loss has not improved for so many epochs.
    lr : float, default 0.001
        Adam's learning rate.
    adam_eps : float, default 1e-7
        Adam's epsilon.
    """

    latent_dim: int = 5
    seed: int = 0
    batch_size: int = 32
    max_epochs: int = 25
    patience: int = 3
    lr: float = 0.001
    adam_eps: float = 1e-7

    def __post_init__(self) -> None:
        integer("latent_dim", self.latent_dim, 1, MAX_LATENT_DIM)
        integer("seed", self.seed, 0, LARGEST_SEED)
        integer("batch_size", self.batch_size, 1, MAX_BATCH)
        integer("max_epochs", self.max_epochs, 1, MAX_EPOCHS)
        integer("patience", self.patience, 1, MAX_EPOCHS)
        positive_number("lr", self.lr)
        positive_number("adam_eps", self.adam_eps)
