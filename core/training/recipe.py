"""How to pre-train, as one validated value."""

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
    """The defaults are the reference's; raises `ConfigError` for a value out of bounds.

    Training stops when its loss has not improved for ``patience`` epochs.
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
