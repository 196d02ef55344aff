"""What the tests share: small real data, a VAE trained for a moment, and places of their own."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import numpy as np
import pytest

from core.data import DatasetPair
from core.runs.events import Event, NightDone
from core.schedule.config import RunConfig
from core.support import environment
from tools.datasets import fewer

T = TypeVar("T")

REAL_DATA = environment.data_dir()  # before the tests move it
MNIST_FILES = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)

# The same examples on every machine: a red test must mean a change in the code.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")


def drain(generator: Generator[Any, None, T]) -> T:
    """Run ``generator`` to its end and give what it returns."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def plain(value: Any) -> Any:
    """``value`` as something that ``==`` compares bit for bit, arrays and classes included."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        parts = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value).__name__, parts
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value.hex()
    return value


def without_clock(events: Iterable[Event]) -> list[Any]:
    """The events as `plain` values, without the seconds that a night took."""
    return [plain(event) for event in events if not isinstance(event, NightDone)]


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, from another thread: this one may have a browser's event loop."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, work).result()


def of_kind(events: Iterable[Event], kind: type[T]) -> list[T]:
    """The events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user cache folder in which there is nothing yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def full_mnist(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds all of MNIST; skips where it is absent and never downloads it."""
    missing = [name for name in MNIST_FILES if not (REAL_DATA / "MNIST" / "raw" / name).exists()]
    if missing:
        pytest.skip(
            f"full MNIST is not in {REAL_DATA} ({missing[0]} is missing); "
            "point SLEEP_DATA_DIR at a folder that holds MNIST/raw to run this test"
        )
    monkeypatch.setenv("SLEEP_DATA_DIR", str(REAL_DATA))
    return REAL_DATA


@pytest.fixture(scope="session")
def tiny_weights(
    bundled: DatasetPair, one_thread: int, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Weights at latent_dim 5 from two epochs on 1,000 images: enough to dream blurred digits."""
    from core.model.weights import save_weights
    from core.training.pretraining import pretrain
    from core.training.recipe import Recipe

    images = fewer(bundled, train=1_000).dataset_1.train
    vae, _ = drain(pretrain(images, Recipe(max_epochs=2)))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(vae, path, {})
    return path


Settings = Callable[..., RunConfig]
Night = Callable[..., list[Event]]


@pytest.fixture
def short(tiny_weights: Path) -> Settings:
    """Makes the config of a night of a few steps, from the tiny weights."""

    def make(**changes: Any) -> RunConfig:
        few = {"total_eps": 8, "num_cycles": 2, "num": 4, "device": "cpu"}
        return RunConfig(**{"weights": str(tiny_weights), **few, **changes})

    return make


@pytest.fixture
def night(short: Settings, small_pair: DatasetPair, one_thread: int) -> Night:
    """Sleeps a short night and gives its events."""
    from core.training.night import train

    def sleep(pair: DatasetPair = small_pair, **changes: Any) -> list[Event]:
        return list(train(short(**changes), pair))

    return sleep
