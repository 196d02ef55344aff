"""Links to the page that were saved with earlier versions load the state that they name.

The links are part of the page's interface: do not change them together with the code.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.helpers.page_runs import OTHER, RUN, night, submitted_configs, write
from tests.helpers.pages import (
    control_values,
    figure_of,
    names_of,
    no_example,
    open_page,
    press_run,
)

DEFAULTS = {
    "preset": "even",
    "num_cycles": 10,
    "rem_start": 50.0,
    "rem_end": 50.0,
    "split": "inverted",
    "compare": "no-rem",
    "total_eps": 100,
    "num": 50,
    "seeds": 1,
    "dreamer": "frozen",
    "latent_dim": 5,
    "lr": 0.001,
    "data": "bundled",
    "mask": "random",
    "mask_fraction": 25.0,
}

# Links of the first page, and the controls that they change.
LINKS: dict[str, dict[str, Any]] = {
    "": {},
    "num_cycles=10": {},
    "num_cycles=5": {"num_cycles": 5, "preset": "custom"},
    "rem_start=12.5": {"rem_start": 12.5, "preset": "custom"},
    "rem_end=0": {"rem_end": 0.0, "preset": "custom"},
    "rem_start=0&rem_end=100": {"rem_start": 0.0, "rem_end": 100.0, "preset": "custom"},
    "split=digits": {"split": "digits"},
    "total_eps=60": {"total_eps": 60, "preset": "custom"},
    "num=200": {"num": 200},
    "seeds=3": {"seeds": 3},
    "seeds=5": {"seeds": 5},
    "dreamer=current": {"dreamer": "current"},
    "dreamer=frozen": {},
    "latent_dim=2": {"latent_dim": 2},
    "latent_dim=20": {"latent_dim": 20},
    "lr=0.0025": {"lr": 0.0025},
    "lr=1e-05": {"lr": 1e-5},
    "data=mnist": {"data": "mnist"},
    "mask=top": {"mask": "top"},
    "mask=left": {"mask": "left"},
    "mask=centre": {"mask": "centre"},
    "mask_fraction=40": {"mask_fraction": 40.0},
    "compare=no-rem": {},
    "compare=all-rem": {"compare": "all-rem"},
    "compare=published": {"compare": "published"},
    "compare=last": {"compare": "last"},
    "compare=none": {"compare": "none"},
    "num_cycles=4&rem_start=10&rem_end=30.5&split=digits&total_eps=40&num=7&seeds=3"
    "&dreamer=current&latent_dim=10&lr=0.002&data=mnist&mask=top&mask_fraction=12.5"
    "&compare=all-rem": {
        "preset": "custom",
        "num_cycles": 4,
        "rem_start": 10.0,
        "rem_end": 30.5,
        "split": "digits",
        "compare": "all-rem",
        "total_eps": 40,
        "num": 7,
        "seeds": 3,
        "dreamer": "current",
        "latent_dim": 10,
        "lr": 0.002,
        "data": "mnist",
        "mask": "top",
        "mask_fraction": 12.5,
    },
}

# (num_cycles, rem_start, rem_end, total_eps) of each preset.
PRESETS = {
    "even": (10, 50, 50, 100),
    "young-adult": (5, 5, 40, 100),
    "short-night": (3, 5, 22.5, 60),
    "older-adult": (4, 8, 30, 100),
    "rem-deprived": (5, 0, 0, 100),
    "newborn": (6, 50, 50, 100),
    "all-rem": (5, 100, 100, 100),
    "reversed": (5, 40, 5, 100),
    "nap-with-rem": (1, 25, 25, 20),
    "nap-without-rem": (1, 0, 0, 20),
}


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_example(tmp_path, monkeypatch)


@pytest.mark.parametrize(("link", "changes"), LINKS.items())
def test_a_link_with_settings_sets_the_controls(link: str, changes: dict[str, Any]) -> None:
    page = open_page(**dict(parse_qsl(link)))
    assert not page.warning
    assert not page.error
    assert control_values(page) == DEFAULTS | changes


@pytest.mark.parametrize(("name", "schedule"), PRESETS.items())
def test_a_link_with_a_preset_sets_its_schedule(name: str, schedule: tuple[float, ...]) -> None:
    page = open_page(preset=name, seeds="3")
    assert not page.warning
    keys = ("num_cycles", "rem_start", "rem_end", "total_eps")
    changes = {"preset": name, "seeds": 3, **dict(zip(keys, schedule, strict=True))}
    assert control_values(page) == DEFAULTS | changes


def test_a_link_to_two_runs_shows_both() -> None:
    write(night([60, 70, 80], [600, 300, 200]))
    write(night([60, 70, 80], [600, 300, 200]), run_id=OTHER)
    page = open_page(RUN, **{"with": OTHER, "compare": "published", "rem_end": "0"})
    assert not page.warning
    assert len(names_of(figure_of(page, "error_chart"))) == 4
    changes = {"preset": "custom", "num_cycles": 2, "total_eps": 4, "rem_end": 0.0}
    assert control_values(page) == DEFAULTS | changes | {"compare": "published"}


@pytest.mark.parametrize("run", ["example", "example-without-rem"])
def test_a_link_to_a_recorded_run_shows_it(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLEEP_GALLERY_DIR")
    page = open_page(run)
    assert not page.warning
    assert control_values(page) == DEFAULTS
    assert names_of(figure_of(page, "error_chart")) == ["old", "new"]


@pytest.mark.parametrize(
    ("name", "rem"), [("no-rem", (0, 0)), ("all-rem", (1, 1)), ("published", (0.5, 0.5))]
)
def test_a_link_with_a_condition_submits_its_run(name: str, rem: tuple[float, float]) -> None:
    page = press_run(open_page(preset="young-adult", compare=name))
    assert not page.warning
    _, compared = submitted_configs()
    assert (compared.start_fraction_rem, compared.end_fraction_rem) == rem
    assert compared.num_cycles == (10 if name == "published" else 5)


@pytest.mark.parametrize("name", ["last", "none"])
def test_a_link_with_a_condition_without_a_run_submits_only_the_main_run(name: str) -> None:
    press_run(open_page(compare=name))
    assert len(submitted_configs()) == 1
