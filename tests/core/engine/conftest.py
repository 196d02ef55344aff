"""Fixtures of the engine's tests: an empty outputs folder and an engine that tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.engines import Engine, running_engine, use_outputs_folder


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty outputs folder for one test."""
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A ready engine for all tests of a module, which leave its queue empty."""
    with pytest.MonkeyPatch.context() as patch:
        use_outputs_folder(tmp_path_factory.mktemp("outputs"), patch)
        with running_engine() as engine:
            engine.wait_until_ready()
            yield engine
