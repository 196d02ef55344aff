"""A night's schedule, as its hypnogram and its texts show it."""

import pytest
from hypothesis import given

from app.settings import config_of
from app.view_data.hypnogram import Block, blocks, describe, dose_line, percent, run_blocks
from core.runs.state import RunState
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Stage, dose, hypnogram
from tests.helpers.page_runs import setting_values, state


def test_blocks_are_the_stages_of_the_night_without_empty_ones() -> None:
    config = RunConfig(total_eps=10, num_cycles=2, start_fraction_rem=0, end_fraction_rem=0.4)
    assert blocks(hypnogram(config)) == (
        Block(1, Stage.NREM, 0, 5),
        Block(2, Stage.NREM, 5, 3),
        Block(2, Stage.REM, 8, 2),
    )


@given(setting_values().map(config_of))
def test_blocks_cover_every_epoch_of_the_night_once(config: RunConfig) -> None:
    stages = blocks(hypnogram(config))
    assert [block.start for block in stages[1:]] == [b.start + b.epochs for b in stages[:-1]]
    assert stages[0].start == 0
    assert sum(block.epochs for block in stages) == config.total_eps
    assert min(block.epochs for block in stages) >= 1


def test_the_blocks_of_a_run_come_from_its_log() -> None:
    config = RunConfig(total_eps=20, num_cycles=3, start_fraction_rem=0.2, end_fraction_rem=1)
    assert run_blocks(state([60], [600], config, whole=False)) == blocks(hypnogram(config))
    assert run_blocks(RunState()) == ()


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0 %"), (0.5, "50 %"), (0.476, "47.6 %"), (2 / 3, "66.7 %"), (1, "100 %")],
)
def test_a_percentage_has_at_most_one_decimal(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (RunConfig(), "REM: 50 % requested, 50 % scheduled; 5,000 gradient steps in 100 epochs"),
        (
            RunConfig(num_cycles=1, total_eps=3),
            "REM: 50 % requested, 66.7 % scheduled; 150 gradient steps in 3 epochs",
        ),
        (
            RunConfig(start_fraction_rem=0, end_fraction_rem=0, num=7),
            "REM: 0 % requested, 0 % scheduled; 700 gradient steps in 100 epochs",
        ),
        (
            RunConfig(num_cycles=30, rounding="original"),
            "REM: 50 % requested, 33.3 % scheduled; 4,500 gradient steps in 90 epochs",
        ),
    ],
)
def test_the_dose_line_has_the_requested_and_the_scheduled_rem_fraction(
    config: RunConfig, line: str
) -> None:
    assert dose_line(dose(config)) == line


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (RunConfig(), "10 cycles · REM 50 % · 1 seed (no error bars) · same digits, inverted"),
        (
            RunConfig(num_cycles=1, end_fraction_rem=0, seeds=(0, 1, 2)),
            "1 cycle · REM 50 % · 3 seeds · same digits, inverted",
        ),
        (
            RunConfig(start_fraction_rem=0.05, end_fraction_rem=0.225, split="digits"),
            "10 cycles · REM 5 % to 22.5 % · 1 seed (no error bars) · digits 0-4, then 5-9",
        ),
    ],
)
def test_the_description_has_cycles_rem_seeds_and_memory_sets(
    config: RunConfig, words: str
) -> None:
    assert describe(config) == words
