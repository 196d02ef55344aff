"""The command line with a real job engine, started by ``serve-engine``."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import jobs
from core.cli import main
from core.queue.engine_state import current_state
from core.runs.events import CycleDone
from core.runs.folder import all_runs, new_run
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from tests.helpers.command_line import read_until, results_without_time, start_command
from tests.helpers.engines import wait_until

TINY = ["--no-inverted", "--num", "4", "--device", "cpu"]
SHORT = [*TINY, "--num-cycles", "1", "--total-eps", "2"]
LONG = [*TINY, "--num-cycles", "100", "--total-eps", "100000"]

_SCRIPT = (
    "import sys; from core.cli import main; status = main(sys.argv[1:]); "
    "print('torch imported:', 'torch' in sys.modules, file=sys.stderr); sys.exit(status)"
)


def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a new process, which reports at its end whether it imported torch."""
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, *arguments],
        cwd=PROJECT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """An engine with one worker and a new outputs folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "serve-engine", "--workers", "1"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            wait_until(lambda: current_state().ready)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
    assert process.returncode == 0


@pytest.fixture
def weights(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The option for the tiny weights, relative to the commands' working directory."""
    monkeypatch.chdir(PROJECT)
    return ["--weights", os.path.relpath(tiny_weights)]


def test_serve_engine_prints_the_outputs_folder_and_the_number_of_workers(
    engine: subprocess.Popen[str],
) -> None:
    assert engine.stdout is not None
    first_line = engine.stdout.readline()
    assert os.environ["SLEEP_OUTPUTS_DIR"] in first_line
    assert "1 worker on this machine" in first_line
    assert current_state().workers == 1


def test_a_second_engine_for_the_same_outputs_folder_is_refused(
    engine: subprocess.Popen[str],
) -> None:
    completed = run_command("serve-engine", "--workers", "1")
    assert completed.returncode == 1
    assert "already" in completed.stderr.splitlines()[0]
    assert completed.stdout == ""


def test_a_run_in_the_engine_has_the_same_results_as_a_local_run(
    engine: subprocess.Popen[str], weights: list[str], one_thread: int, tmp_path: Path
) -> None:
    engine_json, local_json = tmp_path / "engine.json", tmp_path / "local.json"
    completed = run_command("run", *SHORT, *weights, "--json", str(engine_json))
    assert completed.returncode == 0
    (run,) = all_runs()
    first_line, *_, last_line = completed.stderr.splitlines()
    assert first_line.startswith(f"run {run.id}: Ctrl-C stops it, `python -m core resume {run.id}`")
    assert re.search(r"[\r\n]done: 100%", completed.stderr)
    assert last_line == "torch imported: False"
    assert completed.stdout.startswith("old memories, digits 0-4: reconstruction error ")
    assert main(["run", "--local", *SHORT, *weights, "--json", str(local_json)]) == 0
    assert results_without_time(engine_json) == results_without_time(local_json)


def test_a_stopped_run_resumes_in_the_engine_and_writes_its_results(
    engine: subprocess.Popen[str], tiny_weights: Path, one_thread: int
) -> None:
    from core.engine.run_execution import execute_run

    config = RunConfig(
        split="digits",
        num=4,
        num_cycles=2,
        total_eps=2,
        end_fraction_rem=0.0,
        weights=str(tiny_weights),
    )
    folder = new_run(config, "me@here", 1)
    for event in execute_run(folder):
        if isinstance(event, CycleDone):
            folder.stop.touch()
    assert jobs.state(folder.id).status == "stopped"
    completed = run_command("resume", folder.id, "--json", "-")
    assert completed.returncode == 0
    assert [len(seed) for seed in json.loads(completed.stdout)["dataset_1"]["error"]] == [3]
    assert "from the end of cycle 1" in completed.stderr
    assert completed.stderr.endswith("torch imported: False\n")


def test_a_failed_run_exits_with_status_1_and_one_sentence(engine: subprocess.Popen[str]) -> None:
    completed = run_command("run", *SHORT, "--weights", "nowhere.safetensors")
    assert completed.returncode == 1
    sentence = completed.stderr.splitlines()[-2]
    # The path is absolute, because workers have another working directory.
    assert str(PROJECT / "nowhere.safetensors") in sentence
    assert "no such file" in sentence
    assert completed.stdout == ""


def test_a_queued_run_shows_its_position_and_is_stopped_by_ctrl_c_or_another_process(
    engine: subprocess.Popen[str], weights: list[str]
) -> None:
    earlier = {folder.id for folder in all_runs()}
    running = start_command("run", *LONG, *weights)
    read_until(running, "cycle 1 of 100")
    (first,) = {folder.id for folder in all_runs()} - earlier
    queued = start_command("run", *LONG, *weights)
    read_until(queued, "queued: next in line, about ")
    (second,) = {folder.id for folder in all_runs()} - earlier - {first}

    refused = run_command("runs", "delete", first, second, "--yes")
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr

    for process, run in ((queued, second), (running, first)):
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=120)[1]
        assert process.returncode == 130
        assert rest.splitlines()[-1] == (
            f"run {run} is stopped; its finished cycles are kept, and "
            f"`python -m core resume {run}` continues it."
        )
        assert "Traceback" not in rest
        assert jobs.state(run).status == "stopped"

    resumed = start_command("resume", first)
    wait_until(lambda: jobs.state(first).status == "running")
    jobs.stop(first)
    rest = resumed.communicate(timeout=120)[1]
    assert resumed.returncode == 1
    assert f"run {first} was stopped by another process" in rest.splitlines()[-1]


def test_an_unreachable_scheduler_fails_the_command_and_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    completed = run_command("run", *SHORT, DASK_SCHEDULER_ADDRESS="nonsense://nowhere")
    assert completed.returncode == 1
    *_, starting, sentence, last = completed.stderr.splitlines()
    assert starting == "the job engine is starting"
    assert "DASK_SCHEDULER_ADDRESS is 'nonsense://nowhere'" in sentence
    assert last == "torch imported: False"
    (run,) = all_runs()
    assert jobs.state(run.id).status == "stopped"


def test_serve_engine_reports_an_unreachable_scheduler_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    completed = run_command("serve-engine", DASK_SCHEDULER_ADDRESS="nonsense://nowhere")
    assert completed.returncode == 1
    assert "the Dask scheduler nonsense://nowhere" in completed.stdout
    assert "DASK_SCHEDULER_ADDRESS is" in completed.stderr.splitlines()[0]
