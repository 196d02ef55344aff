"""`core.queue.failures`: a run's failure is told, wherever there is room for it."""

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
from tests.conftest import of_kind
from tests.helpers.engines import own_outputs
from tools.sample_runs import OTHER, RUN, put_failure, put_run

STOPPED = NightStopped()
SENTENCE = "its worker died — “out of memory”."


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_outputs(tmp_path / "outputs", monkeypatch)


@pytest.fixture
def run() -> RunFolder:
    return put_run(events=[STOPPED])


def test_a_failure_is_the_last_event_of_the_run(run: RunFolder) -> None:
    record_failure(run, SENTENCE)
    assert RunReader(run.path).read() == [STOPPED, NightFailed(SENTENCE)]
    assert read_failure(run.id) is None
    assert not run.asleep()


def test_a_failure_is_told_in_the_engines_output(
    run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        record_failure(run, SENTENCE)
    assert caplog.messages == [f"run {run.id} failed: {SENTENCE}"]


def test_a_run_that_cannot_take_the_sentence_has_it_beside_the_engine(run: RunFolder) -> None:
    log = run.path / LOG
    log.write_bytes(b"{}\n")
    record_failure(run, SENTENCE)
    assert log.read_bytes() == b"{}\n"
    assert read_failure(run.id) == SENTENCE
    assert read_failure(OTHER) is None


def test_a_run_that_somebody_sleeps_is_not_written_to(run: RunFolder) -> None:
    lock = acquire(run.lock)
    assert lock is not None
    with lock:
        record_failure(run, SENTENCE)
        assert run.asleep()
    assert RunReader(run.path).read() == [STOPPED]
    assert read_failure(run.id) == SENTENCE


def test_where_nothing_can_be_written_the_output_alone_has_it(
    run: RunFolder, outputs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (run.path / LOG).write_bytes(b"{}\n")
    (outputs / "engine").touch()  # where its folder should be
    record_failure(run, SENTENCE)
    assert SENTENCE in caplog.text
    assert read_failure(run.id) is None


def test_a_failure_is_forgotten_when_the_run_is_tried_again(run: RunFolder) -> None:
    (run.path / LOG).write_bytes(b"{}\n")
    record_failure(run, SENTENCE)
    delete_failure(run.id)
    assert read_failure(run.id) is None
    delete_failure(run.id)


def test_a_damaged_failure_still_is_one(run: RunFolder) -> None:
    failure_file(run.id).parent.mkdir(parents=True, exist_ok=True)
    failure_file(run.id).write_bytes(b"out of \xff")
    assert (read_failure(run.id) or "").startswith("out of ")


def test_a_failure_that_is_no_small_regular_file_is_none(outputs: Path) -> None:
    put_failure(RUN, "x" * 200_000)
    assert read_failure(RUN) is None
    failure_file(RUN).unlink()
    os.mkfifo(failure_file(RUN))
    assert read_failure(RUN) is None


def test_a_failure_without_end_is_told_in_short(run: RunFolder) -> None:
    record_failure(run, "x" * 1_000_000)
    (failed,) = of_kind(RunReader(run.path).read(), NightFailed)
    assert len(failed.sentence) == 5_000
