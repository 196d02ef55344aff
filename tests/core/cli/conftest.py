"""Fixtures for tests of the command line."""

from pathlib import Path

import pytest


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set an outputs folder and a gallery that do not exist yet, and an empty working directory."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    return tmp_path / "outputs"
