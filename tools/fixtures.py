"""Pytest fixtures shared by the tests and the tests of the benchmarks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import DatasetPair, load_pair
from tools.datasets import subsample


@pytest.fixture(scope="session", autouse=True)
def session_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Move caches, data and outputs to a temporary folder, also for started processes."""
    root = tmp_path_factory.mktemp("session")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("cache", "data", "outputs"):
            patch.setenv(f"SLEEP_{name.upper()}_DIR", str(root / name))
        yield root


@pytest.fixture(scope="session")
def one_thread() -> Iterator[int]:
    """Limit torch to one thread: fastest for small models, and the same on every machine."""
    import torch

    previous = torch.get_num_threads()
    torch.set_num_threads(1)
    yield 1
    torch.set_num_threads(previous)


@pytest.fixture(scope="session")
def bundled(session_folders: Path) -> DatasetPair:
    """Load the bundled images with the split "inverted"."""
    return load_pair("inverted", "bundled")


@pytest.fixture(scope="session")
def small_pair(bundled: DatasetPair) -> DatasetPair:
    """All bundled training images and 20 test images per dataset, so that evaluation is fast."""
    return subsample(bundled, test=20)
