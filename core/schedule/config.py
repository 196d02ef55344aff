"""Configuration of a run: one validated, immutable value that determines its result."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.support.errors import ConfigError
from core.support.validation import (
    LARGEST_SEED,
    MAX_EPOCHS,
    MAX_LATENT_DIM,
    boolean,
    distinct_seeds,
    fraction,
    integer,
    lookup,
    positive_number,
)

ROUNDINGS = {
    "exact": "distributes remainders over the cycles, so that the totals match the requested "
    "epochs and REM fraction",
    "original": "rounds down in every cycle as the reference simulation does, which loses the "
    "remainders",
}


class Dreamer(NamedTuple):
    """A choice of the model that generates dreams: its label, and `RunConfig.continue_training`."""

    label: str
    continue_training: bool


DREAMERS = {
    "frozen": Dreamer("frozen (before the night)", False),
    "current": Dreamer("current", True),
}
DEVICES = {
    "auto": "an NVIDIA GPU, else an Apple GPU, if its self-check agrees with the CPU; else the CPU",
    "cpu": "the CPU",
    "cuda": "an NVIDIA GPU",
    "mps": "an Apple GPU",
}
_REGISTRIES: dict[str, Mapping[str, object]] = {
    "split": SPLITS,
    "rounding": ROUNDINGS,
    "data": SOURCES,
    "mask": MASKS,
    "device": DEVICES,
}


@dataclass(frozen=True)
class RunConfig:
    """Settings of a run. Settings that the reference simulation has keep its names.

    Attributes
    ----------
    seeds : tuple of int, default (0,)
        Seeds of the nights, all different; one night runs per seed. Any iterable is accepted.
    total_eps : int, default 100
        Epochs of the night.
    num_cycles : int, default 10
        Cycles of the night, at most ``total_eps``.
    start_fraction_rem, end_fraction_rem : float, default 0.5
        Requested REM fraction of the first and of the last cycle, 0 to 1; linear in between.
    use_initial_weights : bool, default True
        Start from stored weights if there are any; False pre-trains new ones.
    latent_dim : int, default 5
        Number of latent variables of the VAE.
    split : str, default "inverted"
        Dataset split, a name in `SPLITS`.
    lr : float, default 0.001
        Learning rate of Adam.
    num : int, default 50
        Images replayed in each NREM stage and dreams generated in each REM stage.
    continue_training : bool, default False
        Dreamer: False for the frozen one, True for the current one (see `DREAMERS`).
    batch_size : int, default 1
        Images per gradient step, at most ``num``.
    rounding : str, default "exact"
        Rounding of REM fractions to whole epochs, a name in `ROUNDINGS`.
    data : str, default "bundled"
        Source of the images, a name in `SOURCES`.
    mask : str, default "random"
        Mask of partial images, a name in `MASKS`.
    mask_fraction : float, default 0.25
        Fraction of pixels that the random mask hides, 0 to 1.
    full_evaluation : bool, default False
        Measure all test images after every stage, not only before the night and after its last
        stage.
    weights : str or None, default None
        Weights file that the night starts from; None selects the file by the other settings.
    pretrain_seed : int, default 0
        Seed of pre-training, if weights are pre-trained.
    device : str, default "auto"
        Device to train on, a name in `DEVICES`.

    Raises
    ------
    ConfigError
        If a setting is out of bounds, or ``weights`` is given and ``use_initial_weights`` False.
    """

    seeds: tuple[int, ...] = (0,)
    total_eps: int = 100
    num_cycles: int = 10
    start_fraction_rem: float = 0.5
    end_fraction_rem: float = 0.5
    use_initial_weights: bool = True
    latent_dim: int = 5
    split: str = "inverted"
    lr: float = 0.001
    num: int = 50
    continue_training: bool = False
    batch_size: int = 1
    rounding: str = "exact"
    data: str = "bundled"
    mask: str = "random"
    mask_fraction: float = 0.25
    full_evaluation: bool = False
    weights: str | None = None
    pretrain_seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, registry in _REGISTRIES.items():
            lookup(name, getattr(self, name), registry)
        for name in ("use_initial_weights", "continue_training", "full_evaluation"):
            boolean(name, getattr(self, name))
        for name in ("start_fraction_rem", "end_fraction_rem", "mask_fraction"):
            self._set(name, fraction(name, getattr(self, name)))
        self._set("lr", positive_number("lr", self.lr))
        self._set("seeds", distinct_seeds("seeds", self.seeds))
        self._set_whole("pretrain_seed", 0, LARGEST_SEED)
        self._set_whole("latent_dim", 1, MAX_LATENT_DIM)
        self._set_whole("total_eps", 1, MAX_EPOCHS)
        self._set_whole(
            "num_cycles", 1, self.total_eps, "total_eps, because every cycle needs an epoch"
        )
        self._set_whole(
            "num",
            1,
            SOURCES[self.data].train_sizes[self.split],
            f"the training images of dataset 2 in split '{self.split}' of the '{self.data}' data",
        )
        self._set_whole("batch_size", 1, self.num, "num")
        if self.weights is not None:
            self._set("weights", str(self.weights))
            if not self.use_initial_weights:
                raise ConfigError(
                    f"weights is {self.weights!r} and use_initial_weights is False, but a night "
                    "starts either from a file or from new weights; drop one of them."
                )

    @property
    def inverted(self) -> bool:
        """The split as the boolean setting of the reference simulation."""
        return self.split == "inverted"

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as JSON values, and ``inverted`` in addition to ``split``."""
        return {**asdict(self), "seeds": list(self.seeds), "inverted": self.inverted}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunConfig":
        """Create a config from the result of `to_dict`.

        Raise `ConfigError` for an unknown name or an invalid value.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known and name != "inverted":
                raise ConfigError(f"{name} is not a setting; choose from {', '.join(known)}.")
        split = chosen_split(values.get("inverted"), values.get("split"))
        settings = {name: value for name, value in values.items() if name != "inverted"}
        return cls(**{**settings, "split": split})

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _set_whole(self, name: str, low: int, high: int, why: str = "") -> None:
        self._set(name, integer(name, getattr(self, name), low, high, why))


def chosen_split(inverted: bool | None, split: str | None) -> str:
    """Return the name of the split, given the reference's ``inverted``, the name, or both.

    None means not given; without either, return the default. Raise `ConfigError` if the two
    contradict each other.
    """
    if inverted is None:
        return RunConfig.split if split is None else split
    if split is None:
        return "inverted" if boolean("inverted", inverted) else "digits"
    if inverted != (split == "inverted"):
        raise ConfigError(f"split is {split!r}, but inverted is {inverted}; drop one of them.")
    return split
