"""The command line: nights, pre-training, and one sentence for whatever goes wrong."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.config import RunConfig
from core.errors import ConfigError
from core.replay import RunState, fold
from core.results import summary
from core.settings import PROJECT
from core.store import RunReader

Command = Callable[..., int]


@pytest.fixture
def run(tiny_weights: Path, one_thread: int) -> Command:
    """Sleeps a short night through the command line; further options override."""

    def call(*options: str) -> int:
        short = [
            "--total-eps",
            "4",
            "--num-cycles",
            "2",
            "--num",
            "4",
            "--device",
            "cpu",
            "--threads",
            "1",
        ]
        return main(["run", *short, "--weights", str(tiny_weights), *options])

    return call


def test_json_holds_config_and_both_datasets_measures_per_seed_and_cycle(
    run: Command, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "night.json"
    assert run("--seeds", "3", "5", "--local", "--json", str(path)) == 0
    result = json.loads(path.read_text())
    assert result["config"]["seeds"] == [3, 5]
    assert result["config"]["inverted"] is True
    for key, name in (("dataset_1", "MNIST"), ("dataset_2", "inverted MNIST")):
        assert result[key]["name"] == name
        for measure in ("error", "recall_error", "recall_accuracy"):
            assert [len(seed) for seed in result[key][measure]] == [3, 3]
    assert result["seconds"] > 0
    assert [file.name for file in path.parent.iterdir()] == ["night.json"]


def test_json_dash_prints_json_alone_on_standard_output_and_progress_on_standard_error(
    run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json", "-") == 0
    out, err = capsys.readouterr()
    assert set(json.loads(out)) >= {"config", "dataset_1", "dataset_2", "seconds"}
    for part in ("cycle 2 of 2, REM", "loss", "KL", "left"):
        assert part in err


def test_without_json_the_outcome_is_told_in_words(
    run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--seeds", "0", "1") == 0
    old, new = capsys.readouterr().out.splitlines()
    assert re.match(r"old memories, MNIST: error [\d.]+ before the night, [\d.]+ ± [\d.]+", old)
    assert new.startswith("new memories, inverted MNIST: ")
    assert "95 % interval over seeds" in new


def test_options_reach_the_config(run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--start-fraction-rem 0 --end-fraction-rem 1 --no-inverted --continue-training --lr 0.002 "
        "--rounding original --mask top --mask-fraction 0.5 --full-evaluation --batch-size 2"
    )
    assert run(*options.split(), "--json", "-") == 0
    config = json.loads(capsys.readouterr().out)["config"]
    expected = {
        "start_fraction_rem": 0.0,
        "end_fraction_rem": 1.0,
        "split": "digits",
        "inverted": False,
        "continue_training": True,
        "lr": 0.002,
        "rounding": "original",
        "mask": "top",
        "mask_fraction": 0.5,
        "full_evaluation": True,
        "batch_size": 2,
    }
    assert {name: config[name] for name in expected} == expected


def test_every_setting_has_an_option_with_the_same_default() -> None:
    from core.cli.arguments import make_parser

    options = vars(make_parser().parse_args(["run"]))
    config = RunConfig().to_dict()
    del config["split"], config["inverted"]  # absent unless given
    assert {name: options[name] for name in config} == config


def test_log_holds_the_events_that_the_json_sums_up(run: Command, tmp_path: Path) -> None:
    folder, path = tmp_path / "run", tmp_path / "night.json"
    assert run("--log", str(folder), "--json", str(path)) == 0
    state = fold(RunState(), RunReader(folder).read())
    assert summary(state) == json.loads(path.read_text())


def test_pdf_is_written_where_asked(run: Command, tmp_path: Path) -> None:
    assert run("--pdf", str(tmp_path / "night.pdf")) == 0
    assert (tmp_path / "night.pdf").read_bytes().startswith(b"%PDF")


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
    options: str, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *options.split()]) == 2
    out, err = capsys.readouterr()
    with pytest.raises(ConfigError) as raised:
        RunConfig(**settings)
    assert err == f"{raised.value}\n"
    assert out == ""
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("run --weights nowhere.safetensors", ["nowhere.safetensors", "no such file"]),
        ("run --inverted --split digits", ["split is 'digits'", "inverted is True"]),
        ("run --threads 100000", ["threads is 100000", "cores"]),
        ("run --json .", ["json is '.'", "folder"]),
        ("run --pdf /dev/null/night.pdf", ["pdf is '/dev/null/night.pdf'", "another place"]),
        ("pretrain --latent-dim 0", ["latent_dim is 0"]),
        ("pretrain --max-epochs many", ["max_epochs is 'many'"]),
        ("pretrain --data cifar", ["data is 'cifar'", "bundled"]),
    ],
)
def test_other_bad_values_exit_with_2_and_one_sentence(
    options: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options.split()) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_unknown_option_exits_with_2_and_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["run", "--num-cylces", "3"])
    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert "--num-cylces" in err
    assert "--help" in err
    assert err.count("\n") == 1


def test_a_folder_that_holds_a_run_is_not_written_over(
    run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--log", str(tmp_path / "run")) == 0
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    capsys.readouterr()
    assert run("--log", str(tmp_path / "run")) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == before


def test_huge_learning_rate_fails_with_one_sentence(
    run: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--lr", "1e30", "--json", str(tmp_path / "night.json")) == 1
    assert "choose a smaller one" in capsys.readouterr().err.splitlines()[-1]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["", "run", "pretrain", "train-reader"])
def test_help_explains_itself_without_importing_torch(command: str) -> None:
    script = (
        "import sys\nfrom core.cli import main\n"
        f"try: main({[*command.split(), '--help']!r})\n"
        "finally: print('torch imported:', 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "usage: python -m core" in done.stdout
    assert "torch imported: False" in done.stdout
    if not command:
        assert "examples:" in done.stdout


def interruptible(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process that Ctrl-C reaches, also where the tests' own shell ignores it."""
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from core.cli import main; sys.exit(main({list(arguments)!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_ends_with_one_sentence_and_leaves_no_file(
    tiny_weights: Path, tmp_path: Path
) -> None:
    process = interruptible(
        *("run", "--weights", str(tiny_weights), "--total-eps", "100000"),
        *("--json", str(tmp_path / "night.json")),
    )
    assert process.stderr is not None
    seen = ""
    while "cycle 1" not in seen:  # the night has begun
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "Interrupted; no half-written file is left."
    assert "Traceback" not in rest
    assert not any(tmp_path.iterdir())


def test_interrupted_pretraining_goes_on_to_the_same_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one_thread: int
) -> None:
    command = ["pretrain", "--data", "bundled", "--latent-dim", "2"]
    options = ["--max-epochs", "2", "--threads", "1"]
    interrupted, undisturbed = (tmp_path / f"{name}.safetensors" for name in ("a", "b"))
    process = interruptible(*command, *options, "--out", str(interrupted))
    assert process.stderr is not None
    seen = ""
    while "epoch 2 of 2" not in seen:
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert interrupted.with_suffix(".partial").exists()
    assert not interrupted.exists()
    for path in (interrupted, undisturbed):
        assert main([*command, *options, "--out", str(path)]) == 0
    assert interrupted.read_bytes() == undisturbed.read_bytes()
    assert not interrupted.with_suffix(".partial").exists()
    record = json.loads(undisturbed.with_suffix(".json").read_text())
    assert record["recipe"]["max_epochs"] == 2
    assert record["scores"]["bundled"]["dataset_1"]["test_images"] == 1000
