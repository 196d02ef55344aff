"""Options of the command line: defaults, presets, and one sentence for an invalid value."""

from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.arguments import build_parser
from core.cli.run import config_from_options
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS
from core.support.errors import ConfigError

pytestmark = pytest.mark.usefixtures("outputs")


def test_every_setting_has_an_option_with_the_same_default() -> None:
    options = vars(build_parser().parse_args(["run"]))
    config = RunConfig().to_dict()
    del config["split"], config["inverted"]  # unset by default
    assert {name: options[name] for name in config} == config


def config_of(options: str) -> RunConfig:
    """Return the config of ``run`` with these options."""
    return config_from_options(build_parser().parse_args(["run", *options.split()]))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_its_schedule_and_no_other_setting(name: str) -> None:
    assert config_of(f"--preset {name}") == RunConfig(**PRESETS[name].settings())


def test_without_a_preset_the_config_is_the_default_one() -> None:
    assert config_of("") == RunConfig()


@pytest.mark.parametrize(
    "options",
    [
        "--preset young-adult --num-cycles 7 --lr 0.002",
        "--num-cycles 7 --lr 0.002 --preset young-adult",
    ],
)
def test_explicit_options_override_a_preset_in_either_order(options: str) -> None:
    settings = PRESETS["young-adult"].settings() | {"num_cycles": 7, "lr": 0.002}
    assert config_of(options) == RunConfig(**settings)


def test_an_explicit_default_value_overrides_a_preset() -> None:
    default = RunConfig.num_cycles
    assert config_of(f"--preset young-adult --num-cycles {default}").num_cycles == default


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
def test_an_invalid_setting_exits_with_status_2_and_the_sentence_of_run_config(
    options: str, settings: dict[str, Any], capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    assert main(["run", *options.split()]) == 2
    out, err = capsys.readouterr()
    with pytest.raises(ConfigError) as raised:
        RunConfig(**settings)
    assert err == f"{raised.value}\n"
    assert out == ""
    assert err.count("\n") == 1
    assert not outputs.exists()  # neither a run nor an engine has started


@pytest.mark.parametrize(
    ("options", "parts"),
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
def test_other_invalid_values_exit_with_status_2_and_one_sentence(
    options: str, parts: list[str], capsys: pytest.CaptureFixture[str], outputs: Path
) -> None:
    assert main(options.split()) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    for part in parts:
        assert part in err
    assert not outputs.exists()


def test_workers_cannot_be_combined_with_a_dask_scheduler(
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
def test_mistyped_commands_and_options_exit_with_status_2_and_one_sentence(
    options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(options.split())
    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert "--help" in err
    assert err.count("\n") == 1
