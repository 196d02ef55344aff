"""Everything that decides a run, as one validated value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

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
    "exact": "hands out remainders, so that epochs and REM share come out as asked for",
    "original": "the reference's: rounds down in every cycle and drops what is left over",
}
DREAMERS = {
    False: "frozen: the model as it was before the night dreams",
    True: "current: the model as it is now dreams",
}
DEVICES = {
    "auto": "an NVIDIA GPU if there is one, else an Apple GPU, else the CPU",
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
    """One night's settings, over one or more seeds; raises `ConfigError` for any out of bounds.

    The names are the reference's where it has one. ``num`` images are replayed in each NREM
    stage and dreamt in each REM stage. ``weights`` starts the night from that file;
    ``use_initial_weights=False`` pre-trains afresh with ``pretrain_seed``.
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
            "num_cycles", 1, self.total_eps, "total_eps, for every cycle needs an epoch"
        )
        self._set_whole(
            "num",
            1,
            SOURCES[self.data].train_sizes[self.split],
            f"the images that dataset 2 of split '{self.split}' has in the '{self.data}' data",
        )
        self._set_whole("batch_size", 1, self.num, "num")
        if self.weights is not None:
            self._set("weights", str(self.weights))
            if not self.use_initial_weights:
                raise ConfigError(
                    f"weights is {self.weights!r} and use_initial_weights is False; "
                    "a night starts from the one or the other, so drop one of them."
                )

    @property
    def inverted(self) -> bool:
        """The reference's name for the split."""
        return self.split == "inverted"

    def to_dict(self) -> dict[str, Any]:
        """All settings as JSON values, with the reference's ``inverted`` beside ``split``."""
        return {**asdict(self), "seeds": list(self.seeds), "inverted": self.inverted}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunConfig":
        """The config that `to_dict` described; raises `ConfigError` for a name it does not know."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known and name != "inverted":
                raise ConfigError(f"{name} is not a setting; choose from {', '.join(known)}.")
        split = chosen_split(values.get("inverted"), values.get("split"))
        others = {name: value for name, value in values.items() if name != "inverted"}
        return cls(**{**others, "split": split})

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _set_whole(self, name: str, low: int, high: int, why: str = "") -> None:
        self._set(name, integer(name, getattr(self, name), low, high, why))


def chosen_split(inverted: bool | None, split: str | None) -> str:
    """The split's name, from the reference's switch, from the name or from both; None: not given.

    Raises `ConfigError` where they contradict each other.
    """
    if inverted is None:
        return RunConfig.split if split is None else split
    if split is None:
        return "inverted" if boolean("inverted", inverted) else "digits"
    if inverted != (split == "inverted"):
        raise ConfigError(f"split is {split!r}, but inverted is {inverted}; drop one of them.")
    return split
