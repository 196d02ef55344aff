"""Plotly's script, where the page finds it: provided once, and whole or not at all."""

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from app import assets


@pytest.fixture(autouse=True)
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of the one that is served, which is not there yet."""
    folder = tmp_path / "app" / "static"
    monkeypatch.setattr(assets, "_STATIC", folder)
    return folder


def test_the_script_is_plotlys_own(static: Path) -> None:
    file = assets.provide()
    assert file.parent == static
    text = file.read_text("utf-8")
    assert "plotly.js v" in text[:200]
    assert len(text) > 1_000_000


def test_its_name_holds_plotlys_version_so_that_no_cache_serves_an_old_one() -> None:
    name = f"plotly-{version('plotly')}.min.js"
    assert assets.plotly_url() == f"app/static/{name}"
    assert assets.provide().name == name


def test_it_is_copied_once(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = assets.provide()
    monkeypatch.setattr(shutil, "copyfile", None)
    assert assets.provide() == first
    assert [file.name for file in static.iterdir()] == [first.name]


def test_it_is_there_whole_or_not_at_all(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(source: Path, target: Path) -> None:
        Path(target).write_text("half of")
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", break_off)
        with pytest.raises(OSError, match="No space left"):
            assets.provide()
    assert list(static.iterdir()) == []
    assert assets.provide().stat().st_size > 1_000_000


def test_a_folder_that_cannot_be_written_is_told(static: Path) -> None:
    static.parent.mkdir()
    static.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="File exists"):
        assets.provide()


def test_what_is_there_already_is_enough_in_a_folder_that_cannot_be_written(static: Path) -> None:
    file = assets.provide()
    static.chmod(0o555)
    try:
        assert assets.provide() == file
    finally:
        static.chmod(0o755)
