"""`core.jobs.engine_process`: errors before an engine's process exists."""

from pathlib import Path

import pytest

from core.jobs import engine_process
from core.queue.paths import engine_lock_file, engine_state_file
from core.support.locks import is_locked
from tests.helpers.engines import use_outputs_folder


def test_an_engine_that_cannot_be_started_releases_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_outputs_folder(tmp_path / "outputs", monkeypatch)
    engine_state_file().mkdir(parents=True)  # a folder in the place of the state file
    with pytest.raises(OSError, match="directory"):
        engine_process.start_engine()
    assert not is_locked(engine_lock_file())
