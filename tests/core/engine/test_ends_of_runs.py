"""How runs end in a real engine: stopped, or failed with a sentence that names the cause."""

import subprocess
from pathlib import Path

import pytest

from core import jobs
from core.queue import entries
from core.runs.events import CycleDone, NightResumed, NightStopped
from core.runs.folder import find_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from tests.conftest import events_of_type
from tests.helpers.engines import (
    LONG_RUN,
    SHORT_RUN,
    Engine,
    has_trained,
    read_events,
    result_bits,
    running_engine,
    wait_until,
    wait_until_over,
    worker_pid,
)


def has_finished_a_cycle(run: str) -> bool:
    return has_trained(run) and bool(events_of_type(read_events(run), CycleDone))


def test_a_stopped_run_resumes_after_its_last_finished_cycle(
    shared_engine: Engine,
) -> None:
    config = RunConfig(split="digits", total_eps=400, num_cycles=100, num=2, device="cpu")
    run = jobs.submit(config)
    wait_until(lambda: has_finished_a_cycle(run))
    jobs.stop(run)
    stopped = wait_until_over(run)
    assert stopped.status == "stopped"
    assert isinstance(read_events(run)[-1], NightStopped)
    finished_cycles = stopped.state.finished_cycles
    assert finished_cycles >= 1
    assert entries.read_all() == []
    jobs.resume(run)
    wait_until(lambda: events_of_type(read_events(run), NightResumed))
    assert events_of_type(read_events(run), NightResumed)[0].cycle == finished_cycles
    wait_until(lambda: len(events_of_type(read_events(run), CycleDone)) > finished_cycles)
    jobs.stop(run)
    assert wait_until_over(run).status == "stopped"


def test_a_run_can_be_stopped_during_a_measurement(shared_engine: Engine) -> None:
    run = jobs.submit(LONG_RUN)
    wait_until(lambda: worker_pid(run))  # it first measures all test images
    jobs.stop(run)
    assert wait_until_over(run).status == "stopped"


def test_a_queued_run_that_is_stopped_never_starts(outputs: Path) -> None:
    run = jobs.submit(SHORT_RUN)
    jobs.stop(run)
    assert jobs.state(run).status == "stopped"
    with running_engine() as engine:
        next_run = jobs.submit(SHORT_RUN)
        assert wait_until_over(next_run).status == "done"
        assert [type(event) for event in read_events(run)] == [NightStopped]
        engine.release()


def test_only_the_run_whose_folder_cannot_be_written_fails(outputs: Path) -> None:
    broken, intact = jobs.submit(SHORT_RUN), jobs.submit(SHORT_RUN)
    (find_run(broken).path / "arrays").write_text("a file where a folder should be")
    with running_engine() as engine:
        assert wait_until_over(intact).status == "done"
        snapshot = wait_until_over(broken)
        engine.release()
    assert snapshot.status == "failed"
    assert snapshot.problem is not None
    assert str(find_run(broken).path) in snapshot.problem.sentence
    assert "cannot be written" in snapshot.problem.sentence


def test_only_the_run_on_a_full_disk_fails_and_it_can_be_resumed(
    outputs: Path,
) -> None:
    config = RunConfig(split="digits", total_eps=6, num_cycles=3, num=2, device="cpu")
    full, intact = jobs.submit(config), jobs.submit(config)
    folder = find_run(full).path
    record = (folder / "config.json").read_bytes()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mount.returncode:
        pytest.skip("a small disk cannot be mounted: that needs administrator rights")
    try:
        (folder / "config.json").write_bytes(record)
        with running_engine() as engine:
            assert wait_until_over(intact).status == "done"
            snapshot = wait_until_over(full)
            assert snapshot.status == "failed"
            assert snapshot.problem is not None
            assert "No space left" in snapshot.problem.sentence
            remount = ["mount", "-o", "remount,size=50m", str(folder)]
            subprocess.run(remount, capture_output=True, check=True)
            jobs.resume(full)
            assert wait_until_over(full).status == "done"
            assert result_bits(find_run(full)) == result_bits(find_run(intact))
            engine.release()
    finally:
        subprocess.run(["umount", str(folder)], capture_output=True, check=True)


@pytest.mark.parametrize("damage", ["config", "log"])
def test_only_the_run_whose_files_are_damaged_fails(damage: str, outputs: Path) -> None:
    broken, intact = jobs.submit(SHORT_RUN), jobs.submit(SHORT_RUN)
    name = {"config": "config.json", "log": LOG}[damage]
    (find_run(broken).path / name).write_text('{"kind": "Nonsense"}\n')
    with running_engine() as engine:
        assert wait_until_over(intact).status == "done"
        wait_until(lambda: not entries.contains(broken))
        snapshot = wait_until_over(broken)
        engine.release()
    assert snapshot.status == "failed"
    assert snapshot.problem is not None
    assert str(find_run(broken).path / name) in snapshot.problem.sentence


def test_a_run_on_a_missing_device_fails_with_a_sentence(shared_engine: Engine) -> None:
    run = jobs.submit(RunConfig(device="mps"))
    snapshot = wait_until_over(run)
    assert (snapshot.status, entries.read_all()) == ("failed", [])
    assert snapshot.problem is not None
    assert snapshot.problem.sentence.startswith("device is 'mps'")
