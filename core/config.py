"""Everything that decides a run, as one validated value."""

import math
import operator
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.choices import lookup
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.errors import ConfigError

ROUNDINGS = {
    "exact": "hands out remainders, so that epochs and REM share come out as asked for",
    "original": "the reference's: rounds down in every cycle and drops what is left over",
}
DREAMERS = {
    False: "frozen: the model as it was before the night dreams",
    True: "current: the model as it is now dreams",
}
DEVICES = {
    "auto": "a CUDA device if there is one, else the CPU",
    "cpu": "the CPU",
    "cuda": "an NVIDIA GPU",
    "mps": "an Apple GPU",
}

MAX_EPOCHS = 100_000
MAX_SEEDS = 100
MAX_LATENT_DIM = 512


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
        lookup("split", self.split, SPLITS)
        lookup("rounding", self.rounding, ROUNDINGS)
        lookup("data", self.data, SOURCES)
        lookup("mask", self.mask, MASKS)
        lookup("device", self.device, DEVICES)
        for name in ("use_initial_weights", "continue_training", "full_evaluation"):
            self._set(name, _switch(name, getattr(self, name)))
        self._set("seeds", _seeds(self.seeds))
        self._set("pretrain_seed", _whole("pretrain_seed", self.pretrain_seed, 0, 2**32 - 1))
        self._set("total_eps", _whole("total_eps", self.total_eps, 1, MAX_EPOCHS))
        self._set("num_cycles", _whole("num_cycles", self.num_cycles, 1, MAX_EPOCHS))
        if self.num_cycles > self.total_eps:
            raise ConfigError(
                f"num_cycles is {self.num_cycles}, more than total_eps, which is "
                f"{self.total_eps}; every cycle needs at least one epoch."
            )
        for name in ("start_fraction_rem", "end_fraction_rem", "mask_fraction"):
            self._set(name, _fraction(name, getattr(self, name)))
        self._set("latent_dim", _whole("latent_dim", self.latent_dim, 1, MAX_LATENT_DIM))
        self._set("lr", _positive("lr", self.lr))
        available = lookup("data", self.data, SOURCES).train_sizes[self.split]
        self._set(
            "num",
            _whole(
                "num",
                self.num,
                1,
                available,
                f"images of split '{self.split}' that the '{self.data}' data holds to train on",
            ),
        )
        self._set(
            "batch_size", _whole("batch_size", self.batch_size, 1, self.num, "images of a stage")
        )
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
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known and name != "inverted":
                raise ConfigError(f"{name} is not a setting; choose from {', '.join(known)}.")
        return cls(**{name: value for name, value in values.items() if name in known})

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _seeds(value: object) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigError(f"seeds is {value!r}; give a list of whole numbers such as 0 1 2.")
    seeds = tuple(_whole("seeds", seed, 0, 2**32 - 1) for seed in value)
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise ConfigError(
            f"seeds holds {len(seeds)} numbers; give at least one and at most {MAX_SEEDS}."
        )
    repeated = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if repeated:
        raise ConfigError(f"seeds holds {repeated[0]} more than once; give each seed once.")
    return seeds


def _whole(name: str, value: object, low: int, high: int, what: str = "") -> int:
    """``value`` as an int within [low, high]; ``what`` says what the upper bound counts."""
    bounds = f"from {low} to {high:,}" + (f" ({high:,} {what})" if what else "")
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ConfigError(f"{name} is {value!r}; give a whole number {bounds}.") from None
    if not low <= number <= high:
        raise ConfigError(f"{name} is {number}; give a whole number {bounds}.")
    return number


def _real(name: str, value: object, fix: str) -> float:
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{name} is {value!r}; {fix}.") from None
    return number


def _fraction(name: str, value: object) -> float:
    fix = "give a number from 0 to 1"
    number = _real(name, value, fix)
    if not 0 <= number <= 1:  # NaN fails this too
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def _positive(name: str, value: object) -> float:
    fix = "give a number above 0, such as 0.001"
    number = _real(name, value, fix)
    if not (number > 0 and math.isfinite(number)):
        raise ConfigError(f"{name} is {number}; {fix}.")
    return number


def _switch(name: str, value: object) -> bool:
    if value is not True and value is not False:
        raise ConfigError(f"{name} is {value!r}; give True or False.")
    return bool(value)
