"""The command line and the job engine: a real one, which ``serve-engine`` serves."""

import json
import os
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
from tests.core.cli.test_interrupted import interruptible, numbers, until
from tests.helpers.engines import wait

TINY = ["--no-inverted", "--num", "4", "--device", "cpu"]
SHORT = [*TINY, "--num-cycles", "1", "--total-eps", "2"]
LONG = [*TINY, "--num-cycles", "100", "--total-eps", "100000"]

_SCRIPT = (
    "import sys; from core.cli import main; status = main(sys.argv[1:]); "
    "print('torch imported:', 'torch' in sys.modules, file=sys.stderr); sys.exit(status)"
)


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which says at its end whether it needed torch."""
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
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """An engine with one worker, and an outputs folder that is its own."""
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
            wait(lambda: current_state().ready)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
    assert process.returncode == 0


@pytest.fixture
def weights(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The option for the tiny weights, relative to the folder that the commands start in."""
    monkeypatch.chdir(PROJECT)
    return ["--weights", os.path.relpath(tiny_weights)]


def test_serving_says_where_and_with_how_many_workers(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None
    first = served.stdout.readline()
    assert os.environ["SLEEP_OUTPUTS_DIR"] in first
    assert "1 worker on this machine" in first
    assert current_state().workers == 1


def test_a_second_engine_for_the_same_runs_is_refused(served: subprocess.Popen[str]) -> None:
    done = command("serve-engine", "--workers", "1")
    assert done.returncode == 1
    assert "already" in done.stderr.splitlines()[0]
    assert done.stdout == ""


def test_a_night_through_the_engine_is_the_night_slept_here(
    served: subprocess.Popen[str], weights: list[str], one_thread: int, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("engine", "here")}
    done = command("run", *SHORT, *weights, "--json", str(files["engine"]))
    assert done.returncode == 0
    (run,) = all_runs()
    first, *_, last = done.stderr.splitlines()
    assert first.startswith(f"run {run.id}: Ctrl-C stops it, `python -m core resume {run.id}`")
    assert "night done: 100%" in done.stderr
    assert last == "torch imported: False"
    assert done.stdout.startswith("old memories, digits 0-4: error ")
    local = ["run", "--local", *SHORT, *weights]
    assert main([*local, "--json", str(files["here"])]) == 0
    assert numbers(files["engine"]) == numbers(files["here"])


def test_the_rest_of_a_night_through_the_engine_ends_with_results(
    served: subprocess.Popen[str], tiny_weights: Path, one_thread: int
) -> None:
    from core.engine.run_execution import execute_run

    few = RunConfig(
        split="digits",
        num=4,
        num_cycles=2,
        total_eps=2,
        end_fraction_rem=0.0,
        weights=str(tiny_weights),
    )
    folder = new_run(few, "nobody", 1)
    for event in execute_run(folder):
        if isinstance(event, CycleDone):
            folder.stop.touch()
    assert jobs.state(folder.id).status == "stopped"
    done = command("resume", folder.id, "--json", "-")
    assert done.returncode == 0
    assert [len(seed) for seed in json.loads(done.stdout)["dataset_1"]["error"]] == [3]
    assert "from the end of cycle 1" in done.stderr
    assert done.stderr.endswith("torch imported: False\n")


def test_a_night_that_fails_exits_with_1_and_its_sentence(
    served: subprocess.Popen[str],
) -> None:
    done = command("run", *SHORT, "--weights", "nowhere.safetensors")
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-2]
    assert str(PROJECT / "nowhere.safetensors") in sentence  # workers start in another folder
    assert "no such file" in sentence
    assert done.stdout == ""


def test_a_waiting_run_tells_its_turn_and_ctrl_c_and_others_stop_runs(
    served: subprocess.Popen[str], weights: list[str]
) -> None:
    before = {folder.id for folder in all_runs()}
    asleep = interruptible("run", *LONG, *weights)
    until(asleep, "cycle 1 of 100")
    (first,) = {folder.id for folder in all_runs()} - before
    waiting = interruptible("run", *LONG, *weights)
    until(waiting, "queued: next in line, about ")
    (second,) = {folder.id for folder in all_runs()} - before - {first}

    refused = command("runs", "delete", first, second, "--yes")
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr

    for process, run in ((waiting, second), (asleep, first)):
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=120)[1]
        assert process.returncode == 130
        assert rest.splitlines()[-1] == (
            f"run {run} is stopped; its finished cycles are kept, and "
            f"`python -m core resume {run}` goes on."
        )
        assert "Traceback" not in rest
        assert jobs.state(run).status == "stopped"

    again = interruptible("resume", first)
    wait(lambda: jobs.state(first).status == "running")
    jobs.stop(first)
    rest = again.communicate(timeout=120)[1]
    assert again.returncode == 1
    assert f"run {first} was stopped by somebody else" in rest.splitlines()[-1]


def test_a_scheduler_that_is_not_there_ends_the_command_and_takes_the_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    done = command("run", *SHORT, DASK_SCHEDULER_ADDRESS="nonsense://nowhere")
    assert done.returncode == 1
    *_, starting, sentence, last = done.stderr.splitlines()
    assert starting == "the job engine is starting"
    assert "DASK_SCHEDULER_ADDRESS is 'nonsense://nowhere'" in sentence
    assert last == "torch imported: False"
    (run,) = all_runs()
    assert jobs.state(run.id).status == "stopped"


def test_serving_for_a_scheduler_that_is_not_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path))
    served = command("serve-engine", DASK_SCHEDULER_ADDRESS="nonsense://nowhere")
    assert served.returncode == 1
    assert "the Dask scheduler nonsense://nowhere" in served.stdout
    assert "DASK_SCHEDULER_ADDRESS is" in served.stderr.splitlines()[0]
