"""Interrupting and resuming runs and pre-training in a process without the job engine."""

import json
import os
import signal
from pathlib import Path

import pytest

from core import jobs
from core.cli import main
from core.queue import entries
from core.queue.engine_state import EngineState
from core.queue.engine_users import register_user
from core.queue.paths import engine_state_file
from core.runs.events import CycleDone, Event, NightStopped
from core.runs.folder import all_runs, new_run
from core.runs.log import LOG
from core.schedule.config import RunConfig
from core.support.locks import acquire
from tests.helpers.command_line import (
    TIMEOUT_S,
    read_until,
    results_without_time,
    start_command,
)
from tests.helpers.job_runs import engine
from tools.sample_runs import RUN, create_run, night_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]

pytestmark = pytest.mark.usefixtures("outputs")


def test_ctrl_c_interrupts_a_local_run_and_keeps_its_finished_cycles(
    tiny_weights: Path, tmp_path: Path
) -> None:
    process = start_command(
        *("run", "--local", "--no-inverted", "--weights", str(tiny_weights)),
        *("--total-eps", "100000", "--json", str(tmp_path / "night.json")),
    )
    read_until(process, "cycle 1")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=TIMEOUT_S)[1]
    assert process.returncode == 130
    (run,) = all_runs()
    assert rest.splitlines()[-1] == (
        f"run {run.id} is interrupted; its finished cycles are kept, and "
        f"`python -m core resume {run.id}` continues it."
    )
    assert "Traceback" not in rest
    assert not (tmp_path / "night.json").exists()
    now = jobs.state(run.id)
    assert (now.status, now.active) == ("interrupted", False)
    assert now.state.outcome is None


@pytest.fixture(scope="module")
def uninterrupted(
    tiny_weights: Path, one_thread: int, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The JSON results of a short run."""
    root = tmp_path_factory.mktemp("uninterrupted")
    options = (
        "--no-inverted --total-eps 2 --num-cycles 2 --start-fraction-rem 0 --end-fraction-rem 0 "
        "--num 4 --device cpu --json"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(root))
        files = [str(root / "night.json"), "--weights", str(tiny_weights)]
        assert main(["run", "--local", *options.split(), *files]) == 0
    return root / "night.json"


@pytest.mark.parametrize("status", ["interrupted", "stopped"])
def test_a_resumed_local_run_has_the_results_of_an_uninterrupted_one(
    status: str, uninterrupted: Path, tmp_path: Path
) -> None:
    from core.engine.run_execution import execute_run

    config = RunConfig.from_dict(json.loads(uninterrupted.read_text())["config"])
    folder = new_run(config, "me@here", 1)
    night = execute_run(folder)
    while not isinstance(next(night), CycleDone):
        pass
    if status == "stopped":
        folder.stop.touch()
        assert list(night)[-1] == NightStopped()
    night.close()  # type: ignore[attr-defined]
    assert jobs.state(folder.id).status == status

    resumed = tmp_path / "resumed.json"
    assert main(["resume", folder.id, "--local", "--json", str(resumed)]) == 0
    assert jobs.state(folder.id).status == "done"
    assert results_without_time(resumed) == results_without_time(uninterrupted)


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail with status 1, and return its one sentence."""
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_a_finished_run_cannot_be_resumed(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    create_run(RUN, NIGHT)
    assert "nothing left" in error_of(["resume", RUN, *local], capsys)


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_an_unknown_run_cannot_be_resumed(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert repr(RUN) in error_of(["resume", RUN, *local], capsys)


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_a_run_with_damaged_settings_cannot_be_resumed(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = create_run(RUN, HALF)
    folder.record_file.write_text("{}")
    assert str(folder.record_file) in error_of(["resume", RUN, *local], capsys)


def test_a_queued_run_cannot_be_resumed_locally(capsys: pytest.CaptureFixture[str]) -> None:
    create_run(RUN)
    entries.add(RUN, "me@here")
    assert "is queued or running" in error_of(["resume", RUN, "--local"], capsys)


def test_a_running_run_cannot_be_resumed_locally(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create_run(RUN, HALF)
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        assert "is queued or running" in error_of(["resume", RUN, "--local"], capsys)


def test_a_run_with_a_damaged_log_cannot_be_resumed_locally(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = create_run(RUN, HALF)
    log = folder.path / LOG
    log.write_bytes(log.read_bytes().replace(b"inverted", b"reverted", 1))
    damaged = log.read_bytes()
    assert main(["resume", RUN, "--local"]) == 1
    assert f"{log}, line 1" in capsys.readouterr().err.splitlines()[-1]
    assert log.read_bytes() == damaged


def test_interrupted_pretraining_continues_to_the_same_weights(
    tmp_path: Path, one_thread: int
) -> None:
    command = ["pretrain", "--no-inverted", "--data", "bundled", "--latent-dim", "2"]
    options = ["--max-epochs", "2", "--threads", "1"]
    interrupted, uninterrupted = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    process = start_command(*command, *options, "--out", str(interrupted))
    read_until(process, "epoch 2 of 2")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=TIMEOUT_S)[1]
    assert process.returncode == 130
    assert "the same command continues from there" in rest.splitlines()[-1]
    assert interrupted.with_suffix(".partial").exists()
    assert not interrupted.exists()
    for path in (interrupted, uninterrupted):
        assert main([*command, *options, "--out", str(path)]) == 0
    assert interrupted.read_bytes() == uninterrupted.read_bytes()
    assert not interrupted.with_suffix(".partial").exists()
    record = json.loads(uninterrupted.with_suffix(".json").read_text())
    assert record["recipe"]["max_epochs"] == 2
    assert record["scores"]["bundled"]["dataset_1"]["test_images"] == 500


def test_a_queued_run_reports_an_engine_that_does_not_respond(
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(RUN, [])
    entries.add(RUN, "me@here")
    with engine(EngineState(ready=True, pid=7)):
        os.utime(engine_state_file(), (1e9, 1e9))
        process = start_command("resume", RUN)
        output = read_until(process, "starts another.\n")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert "the job engine (process 7) has not answered since" in output
        entries.add(RUN, "me@here")
        assert main(["runs", "show", RUN]) == 0
    assert "has not answered since" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([], "queue      waiting for an engine: start the page or `python -m core serve-engine`\n"),
        (HALF, "next       it continues when an engine runs: start the page or `python -m core"),
    ],
)
def test_runs_show_reports_that_a_queued_run_needs_an_engine(
    events: list[Event], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    create_run(RUN, events)
    entries.add(RUN, "me@here")
    assert main(["runs", "show", RUN]) == 0
    assert text in capsys.readouterr().out
    with register_user().lock:
        assert main(["runs", "show", RUN]) == 0
    assert text not in capsys.readouterr().out
