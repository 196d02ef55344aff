"""The address of the page: what it sets, what it describes, and invalid parts of it."""

from pathlib import Path

import pytest

from app.settings import values_of
from core.schedule.config import RunConfig
from tests.helpers.page_runs import OTHER, RUN, night, submitted_configs, write
from tests.helpers.pages import (
    address_of,
    buttons_of,
    control,
    control_values,
    no_example,
    open_page,
    text_of,
)


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


def test_the_address_restores_all_controls_in_another_session() -> None:
    page = open_page()
    changed = {
        "num_cycles": 5,
        "rem_start": 5.0,
        "rem_end": 40.5,
        "split": "digits",
        "compare": "published",
        "total_eps": 60,
        "num": 20,
        "seeds": 3,
        "dreamer": "current",
        "latent_dim": 10,
        "lr": 0.0015,
        "data": "mnist",
        "mask": "random",
        "mask_fraction": 12.5,
    }
    for key, value in changed.items():
        control(page, key).set_value(value)
    page.run()
    values = control_values(page)
    assert values == {**changed, "preset": "custom"}
    assert set(address_of(page)) == {*changed} - {"mask"}  # which has its default
    assert control_values(open_page(**address_of(page))) == values


def test_an_address_with_a_preset_is_replaced_by_its_settings() -> None:
    page = open_page(preset="young-adult", seeds="3")
    assert not page.warning
    assert control(page, "preset").value == "young-adult"
    assert address_of(page) == {
        "num_cycles": "5",
        "rem_start": "5",
        "rem_end": "40",
        "seeds": "3",
    }


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ({"num_cycles": "many"}, "num_cycles is 'many' in the address; choose from 1 to 30."),
        ({"lr": "nan"}, "lr is 'nan' in the address"),
        ({"lr": "1e-9"}, "lr is '1e-9' in the address"),
        ({"compare": "yesterday"}, "compare is 'yesterday'; choose one of no-rem, "),
        ({"preset": "siesta"}, "preset is 'siesta'; choose one of even, "),
        ({"colour": "red"}, "colour is not a setting of this page."),
        ({"run": "nonsense"}, "There is no run at this address"),
        ({"run": ""}, "There is no run at this address"),
        ({"run": "../../etc"}, "There is no run at this address"),
        ({"run": f"{RUN}/.."}, "There is no run at this address"),
        ({"run": RUN}, "There is no run at this address"),
    ],
)
def test_an_invalid_parameter_falls_back_with_one_note(address: dict[str, str], note: str) -> None:
    page = open_page(**address)
    assert control_values(page) == {**values_of(RunConfig()), "preset": "even", "compare": "no-rem"}
    assert len(page.warning) == 1
    assert note in text_of(page)
    assert not page.error
    assert "run" in buttons_of(page)
    assert address_of(page) == {}


def test_many_invalid_parameters_have_one_note_until_a_run_starts() -> None:
    page = open_page(num_cycles="99", lr="", colour="red", compare="x", split="🌙", run="y")
    assert len(page.warning) == 1
    page.run()
    assert len(page.warning) == 1
    page.button(key="run").click().run()
    assert not page.warning
    assert submitted_configs()[0] == RunConfig()


def test_text_from_the_address_is_never_markdown() -> None:
    page = open_page(**{"num": "**5** [x](http://y) $z$ :red[w]", "<b>": "1"})
    (warning,) = page.warning
    for markup in ("**", "](", "$z$", ":red["):
        assert markup not in warning.value
    assert "<b>" not in warning.value


def test_a_missing_compared_run_has_a_note() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    page = open_page(RUN, **{"with": OTHER})
    assert len(page.warning) == 1
    assert "The compared run does not exist" in text_of(page)
    assert address_of(page) == {"run": RUN}


# --- the settings of the shown run ---


def test_the_controls_start_with_the_settings_of_the_shown_run() -> None:
    config = RunConfig(
        num_cycles=3, total_eps=6, start_fraction_rem=0.2, end_fraction_rem=0.8, split="digits"
    )
    write(night([60, 70, 80, 90], [600, 300, 200, 100], config))
    page = open_page(RUN)
    assert control_values(page) == {**values_of(config), "preset": "custom", "compare": "no-rem"}
    assert address_of(page) == {"run": RUN}
    assert "controls have changed" not in text_of(page)
    control(page, "num_cycles").set_value(4).run()
    assert "The controls have changed since." in text_of(page)
    assert address_of(page) == {"run": RUN, "num_cycles": "4"}
    assert control_values(open_page(**address_of(page))) == control_values(page)


def test_settings_without_a_control_are_named_and_do_not_count_as_changed() -> None:
    config = RunConfig(num_cycles=2, total_eps=4, seeds=(3,), batch_size=2)
    write(night([60, 70, 80], [600, 300, 200], config))
    content = text_of(open_page(RUN))
    assert "controls have changed" not in content
    assert "The controls do not show its seeds, batch_size." in content
