"""The command line: options, nights slept in this process, and one sentence for what goes wrong."""

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
from core.cli.arguments import make_parser
from core.cli.local import create_run
from core.cli.run import night
from core.runs.folder import RunFolder, all_runs, find_run
from core.runs.log import RunReader
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support.environment import PROJECT
from core.support.errors import ConfigError

CORES = os.cpu_count() or 1
TINY = ["run", "--local", "--no-inverted", "--num", "4", "--device", "cpu"]
ONE_CYCLE = [*TINY, "--num-cycles", "1", "--total-eps", "2"]


@dataclass(frozen=True)
class Slept:
    """A night that the command line slept: all that came of it."""

    folder: RunFolder
    json: Path
    pdf: Path
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.json.read_text())


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


@pytest.fixture(scope="module")
def slept(tiny_weights: Path, one_thread: int, tmp_path_factory: pytest.TempPathFactory) -> Slept:
    """A night over two seeds with an unusual value for every setting."""
    root = tmp_path_factory.mktemp("slept")
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
    return Slept(run, folder / "night.json", folder / "night.pdf", out.getvalue(), err.getvalue())


def test_json_holds_config_and_both_datasets_measures_per_seed_and_cycle(slept: Slept) -> None:
    result = slept.result
    assert result["config"]["seeds"] == [3, 5]
    assert result["config"]["inverted"] is False
    for key, name in (("dataset_1", "digits 0-4"), ("dataset_2", "digits 5-9")):
        assert result[key]["name"] == name
        for measure in ("error", "recall_error", "recall_accuracy"):
            assert [len(seed) for seed in result[key][measure]] == [3, 3]
    assert result["seconds"] > 0


def test_pdf_is_written_where_asked_and_nothing_else_is(slept: Slept) -> None:
    assert slept.pdf.read_bytes().startswith(b"%PDF")
    assert {file.name for file in slept.pdf.parent.iterdir()} == {"night.json", "night.pdf"}


def test_with_a_json_file_the_outcome_is_told_in_words(slept: Slept) -> None:
    old, new = slept.out.splitlines()
    number = r"[\d.]+"
    change = rf"error {number} before the night, {number} ± {number} after it"
    assert re.match(rf"old memories, digits 0-4: {change}; recall accuracy {number} %", old)
    assert new.startswith("new memories, digits 5-9: ")
    assert "95 % interval over seeds" in new


def test_progress_and_the_runs_id_are_told_on_standard_error(slept: Slept) -> None:
    run = slept.folder.id
    first = f"run {run}: Ctrl-C interrupts it, `python -m core resume {run}` goes on with it.\n"
    assert slept.err.startswith(first)
    for part in ("cycle 2 of 2, REM", "loss", "KL", "left"):
        assert part in slept.err


def test_options_reach_the_config_and_the_runs_record(slept: Slept, tiny_weights: Path) -> None:
    config = slept.result["config"]
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
        "weights": str(tiny_weights),  # which was given relative to the current folder
    }
    assert {name: config[name] for name in expected} == expected
    record = slept.folder.record()
    assert record.config.to_dict() == config
    assert (record.threads, slept.result["threads"]) == (None, 1)
    assert record.weights == slept.result["weights"]


def test_threads_are_recorded_in_the_run() -> None:
    assert find_run(create_run(RunConfig(), CORES)).record().threads == CORES


def test_the_runs_folder_holds_the_events_that_the_json_sums_up(slept: Slept) -> None:
    state = fold(RunState(), RunReader(slept.folder.path).read())
    assert summary(state) == slept.result


def test_json_dash_prints_json_alone_on_standard_output(
    tiny_weights: Path, one_thread: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ONE_CYCLE, "--weights", str(tiny_weights), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) >= {"config", "dataset_1", "dataset_2", "seconds"}


def test_every_setting_has_an_option_with_the_same_default() -> None:
    options = vars(make_parser().parse_args(["run"]))
    config = RunConfig().to_dict()
    del config["split"], config["inverted"]  # absent unless given
    assert {name: options[name] for name in config} == config


def asked(options: str) -> RunConfig:
    """The night that ``run`` with these options sleeps."""
    return night(make_parser().parse_args(["run", *options.split()]))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_its_schedule_and_leaves_all_else_at_its_default(name: str) -> None:
    assert asked(f"--preset {name}") == RunConfig(**PRESETS[name].settings())


def test_without_a_preset_the_night_is_the_default_one() -> None:
    assert asked("") == RunConfig()


@pytest.mark.parametrize(
    "options",
    [
        "--preset young-adult --num-cycles 7 --lr 0.002",
        "--num-cycles 7 --lr 0.002 --preset young-adult",
    ],
)
def test_what_is_given_beside_a_preset_wins_in_either_order(options: str) -> None:
    settings = PRESETS["young-adult"].settings() | {"num_cycles": 7, "lr": 0.002}
    assert asked(options) == RunConfig(**settings)


def test_a_default_that_is_given_beside_a_preset_wins_too() -> None:
    default = RunConfig.num_cycles
    assert asked(f"--preset young-adult --num-cycles {default}").num_cycles == default


BAD: list[tuple[str, dict[str, Any]]] = [
    ("--num-cycles 0", {"num_cycles": 0}),
    ("--num-cycles 101", {"num_cycles": 101}),
    ("--num-cycles ten", {"num_cycles": "ten"}),
    ("--total-eps 1.5", {"total_eps": 1.5}),
    ("--start-fraction-rem 1.1", {"start_fraction_rem": 1.1}),
    ("--start-fraction-rem -0.1", {"start_fraction_rem": -0.1}),
    ("--end-fraction-rem nan", {"end_fraction_rem": float("nan")}),
    ("--num 4001", {"num": 4001}),
    ("--no-inverted --num 2001", {"split": "digits", "num": 2001}),
    ("--lr -0.001", {"lr": -0.001}),
    ("--lr 0", {"lr": 0}),
    ("--split fashion", {"split": "fashion"}),
    ("--data cifar", {"data": "cifar"}),
    ("--rounding up", {"rounding": "up"}),
    ("--mask bottom", {"mask": "bottom"}),
    ("--device tpu", {"device": "tpu"}),
    ("--seeds", {"seeds": ()}),
    ("--seeds 1 2 1", {"seeds": (1, 2, 1)}),
    ("--seeds -1", {"seeds": (-1,)}),
    ("--latent-dim 0", {"latent_dim": 0}),
    ("--batch-size 51", {"batch_size": 51}),
    ("--weights a --no-use-initial-weights", {"weights": "a", "use_initial_weights": False}),
]


@pytest.mark.parametrize(("options", "settings"), BAD, ids=[options for options, _ in BAD])
def test_bad_value_exits_with_2_and_the_same_sentence_as_python(
    options: str, settings: dict[str, Any], capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    assert main(["run", *options.split()]) == 2
    out, err = capsys.readouterr()
    with pytest.raises(ConfigError) as raised:
        RunConfig(**settings)
    assert err == f"{raised.value}\n"
    assert out == ""
    assert err.count("\n") == 1
    assert not outputs.exists()  # no run, and no engine for it


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("run --inverted --split digits", ["split is 'digits'", "inverted is True"]),
        ("run --preset teenager", ["preset is 'teenager'", ", ".join(PRESETS)]),
        ("run --preset nap-with-rem --num-cycles 30", ["num_cycles is 30", "1 to 20"]),
        ("run --threads 100000", ["threads is 100000", "1 to 1024"]),
        ("run --threads 0", ["threads is 0"]),
        ("run --local --threads 100000", ["threads is 100000", "cores"]),
        ("run --json .", ["json is '.'", "folder"]),
        ("run --pdf /dev/null/night.pdf", ["pdf is '/dev/null/night.pdf'", "another place"]),
        ("resume 20260102-030405-0a1b2c --json .", ["json is '.'", "folder"]),
        ("serve-engine --workers 0", ["workers is 0", "1 to "]),
        ("serve-engine --workers two", ["workers is 'two'", "1 to "]),
        ("pretrain --latent-dim 0", ["latent_dim is 0"]),
        ("pretrain --max-epochs many", ["max_epochs is 'many'"]),
        ("pretrain --data cifar", ["data is 'cifar'", "bundled"]),
        ("pretrain --threads 100000", ["threads is 100000", "cores"]),
        ("train-reader --out a --threads 0", ["threads is 0", "cores"]),
    ],
)
def test_other_bad_values_exit_with_2_and_one_sentence(
    options: str, words: list[str], capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    assert main(options.split()) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    for word in words:
        assert word in err
    assert not outputs.exists()


def test_workers_of_a_cluster_elsewhere_cannot_be_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://10.0.0.1:8786")
    assert main(["serve-engine", "--workers", "2"]) == 2
    err = capsys.readouterr().err
    assert "workers is 2" in err
    assert "tcp://10.0.0.1:8786" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "options", ["run --num-cylces 3", "run --log folder", "resume", "runs export", "serve"]
)
def test_mistyped_commands_and_options_exit_with_2_and_one_sentence(
    options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(options.split())
    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert "--help" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "run --local"])
def test_an_outputs_folder_that_cannot_be_written_is_one_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", "/dev/null/outputs")
    assert main(command.split()) == 1
    err = capsys.readouterr().err
    assert "/dev/null/outputs/runs cannot be written" in err
    assert "SLEEP_OUTPUTS_DIR" in err
    assert err.count("\n") == 1


def test_a_night_that_fails_here_exits_with_1_and_its_sentence(
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


def test_weights_that_are_not_there_fail_with_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*ONE_CYCLE, "--weights", "nowhere.safetensors"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(tmp_path / "nowhere.safetensors") in last
    assert "no such file" in last


COMMANDS = ["", "run", "resume", "runs", "runs export", "serve-engine", "pretrain", "train-reader"]


def test_help_explains_itself_without_importing_torch() -> None:
    script = (
        "import sys\nfrom core.cli import main\n"
        f"for command in {COMMANDS!r}:\n"
        "    try: main([*command.split(), '--help'])\n"
        "    except SystemExit: pass\n"
        "print('torch imported:', 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for command in COMMANDS:
        assert f"usage: python -m core {command}".rstrip() in done.stdout
    assert "--preset {" + ",".join(PRESETS) + "}" in done.stdout
    assert "torch imported: False" in done.stdout
    assert "examples:" in done.stdout
