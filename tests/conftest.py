"""Helpers and fixtures of the tests: short nights, briefly trained weights, data and caches."""

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
from tools.datasets import subsample

T = TypeVar("T")

REAL_DATA = environment.data_dir()  # before a fixture moves the data folder
MNIST_FILES = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)

# The same examples on every machine, so that only a change in the code can fail a test.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")


def drain(generator: Generator[Any, None, T]) -> T:
    """Run ``generator`` to its end and return its return value."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def comparable(value: Any) -> Any:
    """Convert arrays, floats and dataclasses so that ``==`` compares values bit for bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        fields = {f.name: comparable(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value).__name__, fields
    if isinstance(value, (tuple, list)):
        return [comparable(item) for item in value]
    if isinstance(value, float):
        return value.hex()
    return value


def without_duration(events: Iterable[Event]) -> list[Any]:
    """Return the events as `comparable` values, without `NightDone`, which holds a duration."""
    return [comparable(event) for event in events if not isinstance(event, NightDone)]


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in another thread, because this one may have the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def events_of_type(events: Iterable[Event], kind: type[T]) -> list[T]:
    """Return the events of one type, in order."""
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the user cache to a folder that does not exist yet; return its path."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def full_mnist(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the data folder to that of all of MNIST; skip, and never download, if it is missing."""
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
    """Train weights at latent_dim 5 for two epochs on 1,000 images: dreams are blurred digits."""
    from core.model.weights import save_weights
    from core.training.pretraining import pretrain
    from core.training.recipe import Recipe

    images = subsample(bundled, train=1_000).dataset_1.train
    vae, _ = drain(pretrain(images, Recipe(max_epochs=2)))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(vae, path, {})
    return path


ConfigFactory = Callable[..., RunConfig]  # creates a config from changed settings
NightRunner = Callable[..., list[Event]]  # runs a night with changed settings


@pytest.fixture
def short(tiny_weights: Path) -> ConfigFactory:
    """Return a function that creates the config of a short night from the tiny weights."""

    def short_config(**changes: Any) -> RunConfig:
        settings = {"total_eps": 8, "num_cycles": 2, "num": 4, "device": "cpu"}
        return RunConfig(**{"weights": str(tiny_weights), **settings, **changes})

    return short_config


@pytest.fixture
def night(short: ConfigFactory, small_pair: DatasetPair, one_thread: int) -> NightRunner:
    """Return a function that runs a short night and returns its events."""
    from core.training.night import train

    def run_night(pair: DatasetPair = small_pair, **changes: Any) -> list[Event]:
        return list(train(short(**changes), pair))

    return run_night
