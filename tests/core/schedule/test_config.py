"""`core.schedule.config`: validation of settings and conversion to and from JSON."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import ROUNDINGS, RunConfig
from core.support.errors import ConfigError

fractions = st.floats(0, 1)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    total = draw(st.integers(1, 500))
    num = draw(st.integers(1, 2_000))
    weights = draw(st.none() | st.just("some/weights.safetensors"))
    return RunConfig(
        seeds=tuple(draw(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5, unique=True))),
        total_eps=total,
        num_cycles=draw(st.integers(1, total)),
        start_fraction_rem=draw(fractions),
        end_fraction_rem=draw(fractions),
        use_initial_weights=weights is not None or draw(st.booleans()),
        latent_dim=draw(st.integers(1, 64)),
        split=draw(st.sampled_from(list(SPLITS))),
        lr=draw(st.floats(1e-6, 10)),
        num=num,
        continue_training=draw(st.booleans()),
        batch_size=draw(st.integers(1, num)),
        rounding=draw(st.sampled_from(list(ROUNDINGS))),
        data=draw(st.sampled_from(list(SOURCES))),
        mask=draw(st.sampled_from(list(MASKS))),
        mask_fraction=draw(fractions),
        full_evaluation=draw(st.booleans()),
        weights=weights,
        pretrain_seed=draw(st.integers(0, 2**32 - 1)),
        device=draw(st.sampled_from(["auto", "cpu"])),
    )


@given(configs())
def test_a_config_survives_conversion_to_json_and_back(config: RunConfig) -> None:
    text = json.dumps(config.to_dict(), allow_nan=False)
    assert RunConfig.from_dict(json.loads(text)) == config


def test_the_defaults_are_those_of_the_reference_simulation() -> None:
    config = RunConfig()
    assert config.total_eps == 100
    assert config.num_cycles == 10
    assert (config.start_fraction_rem, config.end_fraction_rem) == (0.5, 0.5)
    assert config.use_initial_weights
    assert config.latent_dim == 5
    assert config.inverted
    assert config.lr == 0.001
    assert config.num == 50
    assert not config.continue_training
    assert config.batch_size == 1
    assert config.rounding == "exact"
    assert (config.mask, config.mask_fraction) == ("random", 0.25)


def test_the_dict_contains_the_references_boolean_for_the_split() -> None:
    assert RunConfig(split="inverted").to_dict()["inverted"] is True
    assert RunConfig(split="digits").to_dict()["inverted"] is False


def test_numpy_numbers_are_converted_to_python_numbers() -> None:
    config = RunConfig(
        seeds=np.arange(3), total_eps=np.int64(20), lr=np.float64(0.01), end_fraction_rem=1
    )
    assert config == RunConfig(seeds=(0, 1, 2), total_eps=20, lr=0.01, end_fraction_rem=1.0)
    assert type(config.total_eps) is int
    assert type(config.lr) is type(config.end_fraction_rem) is float
    json.dumps(config.to_dict())


def test_a_config_is_hashable_and_immutable() -> None:
    assert {RunConfig(): "night"}[RunConfig()] == "night"
    with pytest.raises(AttributeError):
        RunConfig().lr = 0.1  # type: ignore[misc]


INVALID = [
    ({"num_cycles": 0}, "from 1"),
    ({"num_cycles": -3}, "from 1"),
    ({"num_cycles": 2.5}, "whole number"),
    ({"num_cycles": True}, "whole number"),
    ({"num_cycles": "10"}, "whole number"),
    ({"num_cycles": None}, "whole number"),
    ({"num_cycles": 101}, "100"),
    ({"total_eps": 0}, "from 1"),
    ({"total_eps": 10**9}, "to 100000"),
    ({"total_eps": 100.0}, "whole number"),
    ({"start_fraction_rem": -0.01}, "from 0 to 1"),
    ({"start_fraction_rem": 1.01}, "from 0 to 1"),
    ({"start_fraction_rem": math.nan}, "from 0 to 1"),
    ({"start_fraction_rem": math.inf}, "from 0 to 1"),
    ({"start_fraction_rem": True}, "from 0 to 1"),
    ({"end_fraction_rem": math.nan}, "from 0 to 1"),
    ({"end_fraction_rem": -math.inf}, "from 0 to 1"),
    ({"end_fraction_rem": "0.5"}, "from 0 to 1"),
    ({"end_fraction_rem": None}, "from 0 to 1"),
    ({"end_fraction_rem": 2}, "from 0 to 1"),
    ({"mask_fraction": 1.5}, "from 0 to 1"),
    ({"mask_fraction": math.nan}, "from 0 to 1"),
    ({"num": 0}, "from 1"),
    ({"num": -50}, "from 1"),
    ({"num": 4_001}, "to 4000"),
    ({"num": 2_001, "split": "digits"}, "to 2000"),
    ({"num": 60_001, "data": "mnist"}, "to 60000"),
    ({"num": True}, "whole number"),
    ({"batch_size": 0}, "from 1"),
    ({"batch_size": 51}, "to 50"),
    ({"lr": 0}, "above 0"),
    ({"lr": -0.001}, "above 0"),
    ({"lr": math.nan}, "above 0"),
    ({"lr": math.inf}, "above 0"),
    ({"lr": "0.001"}, "above 0"),
    ({"lr": 10**400}, "above 0"),
    ({"lr": True}, "above 0"),
    ({"latent_dim": 0}, "from 1"),
    ({"latent_dim": 10_000}, "to 512"),
    ({"pretrain_seed": -1}, "from 0"),
    ({"split": "letters"}, "inverted, digits"),
    ({"split": None}, "inverted, digits"),
    ({"split": ["inverted"]}, "inverted, digits"),
    ({"rounding": "up"}, "exact, original"),
    ({"data": "cifar"}, "bundled, mnist"),
    ({"mask": "bottom"}, "random, top, left, centre"),
    ({"device": "tpu"}, "auto, cpu"),
    ({"seeds": ()}, "at least one"),
    ({"seeds": (0, 1, 0)}, "each seed once"),
    ({"seeds": (-1,)}, "from 0"),
    ({"seeds": (2**32,)}, "to 4294967295"),
    ({"seeds": (True,)}, "whole number"),
    ({"seeds": ("0",)}, "whole number"),
    ({"seeds": (0.0,)}, "whole number"),
    ({"seeds": "012"}, "list of whole numbers"),
    ({"seeds": 3}, "list of whole numbers"),
    ({"seeds": None}, "list of whole numbers"),
    ({"seeds": range(101)}, "at most 100"),
    ({"use_initial_weights": 1}, "True or False"),
    ({"continue_training": "yes"}, "True or False"),
    ({"full_evaluation": None}, "True or False"),
]


@pytest.mark.parametrize(("values", "remedy"), INVALID, ids=lambda value: str(value)[:60])
def test_an_invalid_value_raises_one_sentence_with_setting_value_and_remedy(
    values: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig(**values)
    assert isinstance(caught.value, ValueError)
    sentence = str(caught.value)
    name, value = next(iter(values.items()))
    assert sentence.startswith(f"{name} ")
    assert remedy in sentence.replace(",", "") or remedy in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    if not isinstance(value, (tuple, range)):  # the sentence names one element of a list
        assert str(value) in sentence


def test_the_error_for_more_cycles_than_epochs_names_both_numbers() -> None:
    with pytest.raises(ConfigError, match=r"^num_cycles is 9\b.*\b8\b.*total_eps.*epoch\)\.$"):
        RunConfig(total_eps=8, num_cycles=9)


def test_a_weights_file_and_new_weights_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match=r"weights is 'a\.safetensors' and use_initial_weights"):
        RunConfig(weights="a.safetensors", use_initial_weights=False)


def test_the_error_for_an_unknown_setting_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"^cycles is not a setting; choose from seeds, total_eps,"
    ):
        RunConfig.from_dict({"cycles": 3})


@given(
    st.sampled_from([name for name in RunConfig().to_dict() if name != "inverted"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.lists(st.integers() | st.floats() | st.text(), max_size=3)
    | st.dictionaries(st.text(), st.integers(), max_size=2),
)
def test_a_value_of_any_type_gives_a_config_or_a_config_error(name: str, value: Any) -> None:
    try:
        config = RunConfig(**{name: value})
    except ConfigError:
        return
    json.dumps(config.to_dict(), allow_nan=False)


def test_a_record_with_the_references_boolean_alone_selects_the_split() -> None:
    assert RunConfig.from_dict({"inverted": False}).split == "digits"
    assert RunConfig.from_dict({"inverted": True}).split == "inverted"


def test_a_record_with_contradictory_split_settings_is_rejected() -> None:
    with pytest.raises(ConfigError, match=r"split is 'digits', but inverted is True"):
        RunConfig.from_dict({"inverted": True, "split": "digits"})
