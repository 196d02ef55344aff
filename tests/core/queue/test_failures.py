"""`core.queue.failures`: a run's failure is recorded in its log or in the engine's folder."""

import logging
import os
from pathlib import Path

import pytest

from core.queue.failures import delete_failure, read_failure, record_failure
from core.queue.paths import failure_file
from core.runs.events import NightFailed, NightStopped
from core.runs.folder import RunFolder
from core.runs.log import LOG, RunReader
from core.support.locks import acquire
from tests.conftest import events_of_type
from tests.helpers.engines import use_outputs_folder
from tools.sample_runs import OTHER_RUN, RUN, create_run, write_failure_file

STOPPED = NightStopped()
SENTENCE = "its worker was killed — “out of memory”."


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_outputs_folder(tmp_path / "outputs", monkeypatch)


@pytest.fixture
def run() -> RunFolder:
    return create_run(events=[STOPPED])


def test_a_failure_is_the_last_event_in_the_runs_log(run: RunFolder) -> None:
    record_failure(run, SENTENCE)
    assert RunReader(run.path).read() == [STOPPED, NightFailed(SENTENCE)]
    assert read_failure(run.id) is None
    assert not run.is_running()


def test_a_failure_is_written_to_the_engines_output(
    run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        record_failure(run, SENTENCE)
    assert caplog.messages == [f"run {run.id} failed: {SENTENCE}"]


def test_the_failure_of_a_run_with_a_damaged_log_is_in_the_engines_folder(run: RunFolder) -> None:
    log = run.path / LOG
    log.write_bytes(b"{}\n")
    record_failure(run, SENTENCE)
    assert log.read_bytes() == b"{}\n"
    assert read_failure(run.id) == SENTENCE
    assert read_failure(OTHER_RUN) is None


def test_the_log_of_a_running_run_is_not_written_to(run: RunFolder) -> None:
    lock = acquire(run.lock)
    assert lock is not None
    with lock:
        record_failure(run, SENTENCE)
        assert run.is_running()
    assert RunReader(run.path).read() == [STOPPED]
    assert read_failure(run.id) == SENTENCE


def test_a_failure_that_cannot_be_stored_is_only_in_the_output(
    run: RunFolder, outputs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (run.path / LOG).write_bytes(b"{}\n")
    (outputs / "engine").touch()  # a file in the place of the folder
    record_failure(run, SENTENCE)
    assert SENTENCE in caplog.text
    assert read_failure(run.id) is None


def test_a_stored_failure_can_be_deleted_twice(run: RunFolder) -> None:
    (run.path / LOG).write_bytes(b"{}\n")
    record_failure(run, SENTENCE)
    delete_failure(run.id)
    assert read_failure(run.id) is None
    delete_failure(run.id)


def test_a_failure_file_that_is_not_utf_8_is_read(run: RunFolder) -> None:
    failure_file(run.id).parent.mkdir(parents=True, exist_ok=True)
    failure_file(run.id).write_bytes(b"out of \xff")
    assert (read_failure(run.id) or "").startswith("out of ")


def test_a_failure_file_that_is_large_or_not_regular_is_ignored() -> None:
    write_failure_file(RUN, "x" * 200_000)
    assert read_failure(RUN) is None
    failure_file(RUN).unlink()
    os.mkfifo(failure_file(RUN))
    assert read_failure(RUN) is None


def test_a_very_long_sentence_is_shortened(run: RunFolder) -> None:
    record_failure(run, "x" * 1_000_000)
    (failed,) = events_of_type(RunReader(run.path).read(), NightFailed)
    assert len(failed.sentence) == 5_000
