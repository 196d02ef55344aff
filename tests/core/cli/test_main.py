"""Runs in this process: results, sentences and exit statuses."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.local import create_run
from core.runs.folder import RunFolder, all_runs, find_run
from core.runs.log import RunReader
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support.environment import PROJECT

CORES = os.cpu_count() or 1
TINY = ["run", "--local", "--no-inverted", "--num", "4", "--device", "cpu"]
ONE_CYCLE = [*TINY, "--num-cycles", "1", "--total-eps", "2"]

pytestmark = pytest.mark.usefixtures("outputs")


@dataclass(frozen=True)
class LocalRun:
    """A run of the command line.

    Attributes
    ----------
    folder : RunFolder
        The run's folder.
    json : Path
        Results as JSON.
    pdf : Path
        Figures.
    out : str
        Standard output of the command.
    err : str
        Standard error of the command.
    """

    folder: RunFolder
    json: Path
    pdf: Path
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.json.read_text())


@pytest.fixture(scope="module")
def local_run(
    tiny_weights: Path, one_thread: int, tmp_path_factory: pytest.TempPathFactory
) -> LocalRun:
    """A run with two seeds and with a value other than the default for every setting."""
    root = tmp_path_factory.mktemp("local_run")
    folder, out, err = root / "new", io.StringIO(), io.StringIO()
    options = (
        "--total-eps 4 --num-cycles 2 --start-fraction-rem 0 --end-fraction-rem 1 "
        "--continue-training --lr 0.002 --rounding original --mask top --mask-fraction 0.5 "
        "--full-evaluation --batch-size 2 --seeds 3 5 --pretrain-seed 1"
    )
    files = ["--json", str(folder / "night.json"), "--pdf", str(folder / "night.pdf")]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setenv("SLEEP_OUTPUTS_DIR", str(root / "outputs"))
        patch.chdir(tiny_weights.parent)
        assert main([*TINY, *options.split(), *files, "--weights", tiny_weights.name]) == 0
        (run,) = all_runs()
    return LocalRun(
        run, folder / "night.json", folder / "night.pdf", out.getvalue(), err.getvalue()
    )


def test_json_holds_the_config_and_the_measures_of_both_datasets_per_seed_and_cycle(
    local_run: LocalRun,
) -> None:
    result = local_run.result
    assert result["config"]["seeds"] == [3, 5]
    assert result["config"]["inverted"] is False
    for key, name in (("dataset_1", "digits 0-4"), ("dataset_2", "digits 5-9")):
        assert result[key]["name"] == name
        for measure in ("error", "recall_error", "recall_accuracy"):
            assert [len(seed) for seed in result[key][measure]] == [3, 3]
    assert result["seconds"] > 0


def test_only_the_requested_files_are_written(local_run: LocalRun) -> None:
    assert local_run.pdf.read_bytes().startswith(b"%PDF")
    assert {file.name for file in local_run.pdf.parent.iterdir()} == {"night.json", "night.pdf"}


def test_the_results_are_printed_as_sentences_if_the_json_goes_to_a_file(
    local_run: LocalRun,
) -> None:
    old, new = local_run.out.splitlines()
    number = r"[\d.]+"
    change = rf"reconstruction error {number} before the night, {number} ± {number} after it"
    assert re.match(rf"old memories, digits 0-4: {change}; recall accuracy {number} %", old)
    assert new.startswith("new memories, digits 5-9: ")
    assert "95 % confidence interval over seeds" in new


def test_the_id_of_the_run_and_its_progress_are_printed_on_standard_error(
    local_run: LocalRun,
) -> None:
    run = local_run.folder.id
    first_line = f"run {run}: Ctrl-C interrupts it, `python -m core resume {run}` continues it.\n"
    assert local_run.err.startswith(first_line)
    for part in ("cycle 2 of 2, REM", "loss", "KL", "left"):
        assert part in local_run.err


def test_options_set_the_config_and_the_record_of_the_run(
    local_run: LocalRun, tiny_weights: Path
) -> None:
    config = local_run.result["config"]
    expected = {
        "start_fraction_rem": 0.0,
        "end_fraction_rem": 1.0,
        "split": "digits",
        "continue_training": True,
        "lr": 0.002,
        "rounding": "original",
        "mask": "top",
        "mask_fraction": 0.5,
        "full_evaluation": True,
        "batch_size": 2,
        "pretrain_seed": 1,
        "weights": str(tiny_weights),  # given relative to the working directory
    }
    assert {name: config[name] for name in expected} == expected
    record = local_run.folder.record()
    assert record.config.to_dict() == config
    assert (record.threads, local_run.result["threads"]) == (None, 1)
    assert record.weights == local_run.result["weights"]


def test_threads_are_written_to_the_record_of_the_run() -> None:
    assert find_run(create_run(RunConfig(), CORES)).record().threads == CORES


def test_the_json_is_the_summary_of_the_events_in_the_run_folder(local_run: LocalRun) -> None:
    state = fold(RunState(), RunReader(local_run.folder.path).read())
    assert summary(state) == local_run.result


def test_json_dash_prints_only_json_on_standard_output(
    tiny_weights: Path, one_thread: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ONE_CYCLE, "--weights", str(tiny_weights), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) >= {"config", "dataset_1", "dataset_2", "seconds"}


@pytest.mark.parametrize("command", ["run", "run --local"])
def test_an_outputs_folder_that_cannot_be_written_is_reported_in_one_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", "/dev/null/outputs")
    assert main(command.split()) == 1
    err = capsys.readouterr().err
    assert "/dev/null/outputs/runs cannot be written" in err
    assert "SLEEP_OUTPUTS_DIR" in err
    assert err.count("\n") == 1


def test_a_failed_local_run_exits_with_status_1_and_one_sentence(
    tiny_weights: Path, one_thread: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "night.json"
    options = ["--lr", "1e30", "--weights", str(tiny_weights), "--json", str(path)]
    assert main([*ONE_CYCLE, *options]) == 1
    out, err = capsys.readouterr()
    assert "choose a smaller one" in err.splitlines()[-1]
    assert out == ""
    assert not path.exists()
    assert main(["runs", "list"]) == 0
    assert " failed " in capsys.readouterr().out


def test_missing_weights_are_reported_with_their_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*ONE_CYCLE, "--weights", "nowhere.safetensors"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(tmp_path / "nowhere.safetensors") in last
    assert "no such file" in last


COMMANDS = ["", "run", "resume", "runs", "runs export", "serve-engine", "pretrain", "train-reader"]


def test_every_command_has_a_help_and_none_imports_torch() -> None:
    script = (
        "import sys\nfrom core.cli import main\n"
        f"for command in {COMMANDS!r}:\n"
        "    try: main([*command.split(), '--help'])\n"
        "    except SystemExit: pass\n"
        "print('torch imported:', 'torch' in sys.modules)"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for command in COMMANDS:
        assert f"usage: python -m core {command}".rstrip() in completed.stdout
    assert "--preset {" + ",".join(PRESETS) + "}" in completed.stdout
    assert "torch imported: False" in completed.stdout
    assert "examples:" in completed.stdout
