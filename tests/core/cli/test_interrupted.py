"""The command line: what is interrupted, and what goes on from there, in this process."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

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
from core.support.environment import PROJECT
from core.support.locks import acquire
from tests.helpers.job_runs import engine
from tools.sample_runs import RUN, made_night, put_run

NIGHT = made_night(RunConfig(num_cycles=2, total_eps=4, num=2))
_LATE_S = 120
HALF = NIGHT[: NIGHT.index(CycleDone(1)) + 1]


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


def interruptible(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process that Ctrl-C reaches, also where the tests' own shell ignores it."""
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from core.cli import main; sys.exit(main({list(arguments)!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )


def until(process: subprocess.Popen[str], words: str) -> str:
    """Read what the process tells up to ``words``."""
    assert process.stderr is not None
    seen = ""
    late = threading.Timer(_LATE_S, process.kill)  # words that never come must not hang the tests
    late.start()
    try:
        while words not in seen:
            character = process.stderr.read(1)
            assert character, f"it ended without '{words}': {seen}"
            seen += character
    finally:
        late.cancel()
    return seen


def test_ctrl_c_ends_a_night_here_with_one_sentence_and_what_it_has_done_is_kept(
    tiny_weights: Path, tmp_path: Path
) -> None:
    process = interruptible(
        *("run", "--local", "--no-inverted", "--weights", str(tiny_weights)),
        *("--total-eps", "100000", "--json", str(tmp_path / "night.json")),
    )
    until(process, "cycle 1")  # the night has begun
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=_LATE_S)[1]
    assert process.returncode == 130
    (run,) = all_runs()
    assert rest.splitlines()[-1] == (
        f"run {run.id} is interrupted; its finished cycles are kept, and "
        f"`python -m core resume {run.id}` goes on."
    )
    assert "Traceback" not in rest
    assert not (tmp_path / "night.json").exists()
    now = jobs.state(run.id)
    assert (now.status, now.active) == ("interrupted", False)
    assert now.state.outcome is None


def numbers(path: Path) -> dict[str, Any]:
    result = json.loads(path.read_text())
    del result["seconds"]
    return result


@pytest.fixture(scope="module")
def undisturbed(
    tiny_weights: Path, one_thread: int, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The numbers of a short night."""
    root = tmp_path_factory.mktemp("undisturbed")
    options = (
        "--no-inverted --total-eps 2 --num-cycles 2 --start-fraction-rem 0 --end-fraction-rem 0 "
        "--num 4 --device cpu --json"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLEEP_OUTPUTS_DIR", str(root))
        files = [str(root / "night.json"), "--weights", str(tiny_weights)]
        assert main(["run", "--local", *options.split(), *files]) == 0
    return root / "night.json"


@pytest.mark.parametrize("ended", ["interrupted", "stopped"])
def test_the_rest_of_a_night_is_slept_here_to_the_same_numbers(
    ended: str, undisturbed: Path, tmp_path: Path
) -> None:
    from core.engine.run_execution import execute_run

    config = RunConfig.from_dict(json.loads(undisturbed.read_text())["config"])
    broken = new_run(config, "nobody", 1)
    night = execute_run(broken)
    while not isinstance(next(night), CycleDone):
        pass
    if ended == "stopped":
        broken.stop.touch()
        assert list(night)[-1] == NightStopped()
    night.close()  # type: ignore[attr-defined]
    assert jobs.state(broken.id).status == ended

    rest = tmp_path / "rest.json"
    assert main(["resume", broken.id, "--local", "--json", str(rest)]) == 0
    assert jobs.state(broken.id).status == "done"
    assert numbers(rest) == numbers(undisturbed)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_a_night_that_is_done_has_no_rest(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put_run(RUN, NIGHT)
    assert "nothing left" in refused(["resume", RUN, *local], capsys)


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_what_is_no_run_cannot_be_resumed(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert repr(RUN) in refused(["resume", RUN, *local], capsys)


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_a_run_whose_settings_are_damaged_cannot_be_resumed(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put_run(RUN, HALF)
    folder.record_file.write_text("{}")
    assert str(folder.record_file) in refused(["resume", RUN, *local], capsys)


def test_a_waiting_run_is_not_slept_here(capsys: pytest.CaptureFixture[str]) -> None:
    put_run(RUN)
    entries.add(RUN, "somebody")
    assert "waiting or running" in refused(["resume", RUN, "--local"], capsys)


def test_a_run_that_is_asleep_is_not_slept_here(capsys: pytest.CaptureFixture[str]) -> None:
    folder = put_run(RUN, HALF)
    lock = acquire(folder.lock)
    assert lock is not None
    with lock:
        assert "waiting or running" in refused(["resume", RUN, "--local"], capsys)


def test_a_run_whose_log_is_damaged_is_not_slept_on(capsys: pytest.CaptureFixture[str]) -> None:
    folder = put_run(RUN, HALF)
    log = folder.path / LOG
    log.write_bytes(log.read_bytes().replace(b"inverted", b"reverted", 1))
    before = log.read_bytes()
    assert main(["resume", RUN, "--local"]) == 1
    assert f"{log}, line 1" in capsys.readouterr().err.splitlines()[-1]
    assert log.read_bytes() == before


def test_interrupted_pretraining_goes_on_to_the_same_weights(
    tmp_path: Path, one_thread: int
) -> None:
    command = ["pretrain", "--no-inverted", "--data", "bundled", "--latent-dim", "2"]
    options = ["--max-epochs", "2", "--threads", "1"]
    interrupted, undisturbed = (tmp_path / f"{name}.safetensors" for name in ("a", "b"))
    process = interruptible(*command, *options, "--out", str(interrupted))
    until(process, "epoch 2 of 2")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=_LATE_S)[1]
    assert process.returncode == 130
    assert "the same command goes on from there" in rest.splitlines()[-1]
    assert interrupted.with_suffix(".partial").exists()
    assert not interrupted.exists()
    for path in (interrupted, undisturbed):
        assert main([*command, *options, "--out", str(path)]) == 0
    assert interrupted.read_bytes() == undisturbed.read_bytes()
    assert not interrupted.with_suffix(".partial").exists()
    record = json.loads(undisturbed.with_suffix(".json").read_text())
    assert record["recipe"]["max_epochs"] == 2
    assert record["scores"]["bundled"]["dataset_1"]["test_images"] == 500


def test_a_frozen_engine_is_told_in_the_terminal_while_a_run_waits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_run(RUN, [])
    entries.add(RUN, "somebody")
    with engine(EngineState(ready=True, pid=7)):
        os.utime(engine_state_file(), (1e9, 1e9))
        waiting = interruptible("resume", RUN)
        told = until(waiting, "starts another.\n")
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=60)
        assert "the job engine (process 7) has not answered since" in told
        entries.add(RUN, "somebody")
        assert main(["runs", "show", RUN]) == 0
    assert "has not answered since" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "queue      waiting for an engine: start the page or `python -m core serve-engine`\n"),
        (HALF, "next       it continues when an engine runs: start the page or `python -m core"),
    ],
)
def test_a_wanted_run_without_an_engine_says_what_it_needs(
    events: list[Event], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put_run(RUN, events)
    entries.add(RUN, "somebody")
    assert main(["runs", "show", RUN]) == 0
    assert words in capsys.readouterr().out
    with register_user().lock:
        assert main(["runs", "show", RUN]) == 0
    assert words not in capsys.readouterr().out
