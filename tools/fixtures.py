"""Pytest fixtures that tests and the benchmarks' own tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import DatasetPair, load_pair
from tools.datasets import fewer


@pytest.fixture(scope="session", autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Caches, data and outputs in a folder of the session's, for the processes it starts too."""
    root = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("cache", "data", "outputs"):
            patch.setenv(f"SLEEP_{name.upper()}_DIR", str(root / name))
        yield root


@pytest.fixture(scope="session")
def one_thread() -> Iterator[int]:
    """Torch on one thread: fastest for models this small, and the same on every machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield 1
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bundled(own_places: Path) -> DatasetPair:
    """The bundled images, split by inversion."""
    return load_pair("inverted", "bundled")


@pytest.fixture(scope="session")
def small_pair(bundled: DatasetPair) -> DatasetPair:
    """All bundled training images with 20 test images a dataset, so that measuring is cheap."""
    return fewer(bundled, test=20)
