"""`core.training.night`: the same night gives the same numbers, whatever goes on around it."""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from core.data import DatasetPair
from core.runs.events import DreamsMade, EpochDone, StageEvaluated
from core.runs.statistics import EVALUATION_SUBSET
from core.training.night import train
from tests.conftest import Night, Settings, of_kind, without_clock
from tests.helpers.nights import losses
from tools.datasets import fewer

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_same_config_gives_the_same_events_bit_for_bit(night: Night) -> None:
    first, second = (night(seeds=(0, 1)) for _ in range(2))
    assert without_clock(first) == without_clock(second)


@pytest.mark.parametrize("threads", [2, 3])
def test_more_threads_give_the_same_events_bit_for_bit(
    threads: int, night: Night, short: Settings, small_pair: DatasetPair
) -> None:
    usual = without_clock(night(seeds=(0, 1, 2)))
    shared = train(short(seeds=(0, 1, 2)), small_pair, threads=lambda: threads)
    assert without_clock(shared) == usual


IN_ANOTHER_PROCESS = """
import hashlib, json, sys
import torch
torch.set_num_threads(1)
from core.schedule.config import RunConfig
from core.data import load_pair
from core.training.night import train
from tests.conftest import fewer, without_clock

config = RunConfig.from_dict(json.loads(sys.argv[1]))
events = train(config, fewer(load_pair(), test=20))
print(hashlib.sha256(repr(without_clock(events)).encode()).hexdigest())
"""


def test_another_process_gives_the_same_events_bit_for_bit(night: Night, short: Settings) -> None:
    changes = {"seeds": (2,), "total_eps": 4}
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, json.dumps(short(**changes).to_dict())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "77"},
    )
    ours = hashlib.sha256(repr(without_clock(night(**changes))).encode()).hexdigest()
    assert done.stdout.strip() == ours, done.stderr


def test_a_seeds_night_is_the_same_whatever_seeds_run_beside_it(night: Night) -> None:
    alone, beside = night(seeds=(1,)), night(seeds=(0, 1))
    assert losses(alone, 0) == losses(beside, 1)
    for one, two in zip(of_kind(alone, DreamsMade), of_kind(beside, DreamsMade), strict=True):
        assert np.array_equal(one.images[0], two.images[1])
    for one, two in zip(
        of_kind(alone, StageEvaluated), of_kind(beside, StageEvaluated), strict=True
    ):
        assert one.dataset_1.error[0] == two.dataset_1.error[1]
        assert one.dataset_2.recall_error[0] == two.dataset_2.recall_error[1]


def test_other_seeds_sleep_other_nights(night: Night) -> None:
    events = night(seeds=(0, 1))
    assert losses(events, 0) != losses(events, 1)


def test_torchs_and_numpys_own_generators_have_no_say(
    short: Settings, small_pair: DatasetPair
) -> None:
    def sleep(seed: int, *, draw_between: bool) -> list[Any]:
        torch.manual_seed(seed)
        np.random.seed(seed)
        events = []
        for event in train(short(), small_pair):
            events.append(event)
            if draw_between:  # as a picture or a histogram of somebody's might
                torch.rand(5)
                np.random.random(5)
        return without_clock(events)

    assert sleep(1, draw_between=False) == sleep(2, draw_between=True)


def trained(events: list[Any]) -> list[Any]:
    return without_clock([*of_kind(events, EpochDone), *of_kind(events, DreamsMade)])


def test_how_a_night_is_measured_never_changes_what_it_trains(
    night: Night, bundled: DatasetPair
) -> None:
    usual = trained(night())
    assert trained(night(mask="centre")) == usual
    assert trained(night(mask_fraction=0.6)) == usual
    assert trained(night(fewer(bundled, test=7))) == usual


def test_full_evaluation_uses_every_test_image_and_changes_nothing_else(
    night: Night, bundled: DatasetPair
) -> None:
    pair = fewer(bundled, test=EVALUATION_SUBSET + 20)
    part, full = (
        night(pair, total_eps=2, num_cycles=1, full_evaluation=choice) for choice in (False, True)
    )
    counts = [
        [event.dataset_1.images for event in of_kind(events, StageEvaluated)]
        for events in (part, full)
    ]
    assert counts == [[520, 500, 520], [520, 520, 520]]
    assert trained(part) == trained(full)
    first, last = (of_kind(events, StageEvaluated) for events in (part, full))
    assert without_clock([first[0], first[-1]]) == without_clock([last[0], last[-1]])


def test_partial_images_are_the_same_at_every_measure_and_in_every_arm(night: Night) -> None:
    # With a rate this small the model stays as it was, so equal masks give equal recall.
    events = night(lr=1e-30)
    arm = night(lr=1e-30, seeds=(9,), start_fraction_rem=0.0)
    measured = [*of_kind(events, StageEvaluated), *of_kind(arm, StageEvaluated)]
    assert len({event.dataset_1.recall_error for event in measured}) == 1
    assert len({event.dataset_2.recall_error for event in measured}) == 1


def test_what_happens_depends_on_the_seed_and_not_on_who_drains_it(
    short: Settings, small_pair: DatasetPair
) -> None:
    """A night that is stopped early has told the beginning of the whole night."""
    whole = without_clock(train(short(), small_pair))
    stopped = train(short(), small_pair)
    beginning = [next(stopped) for _ in range(6)]
    stopped.close()
    assert without_clock(beginning) == whole[:6]


def test_events_do_not_change_after_they_were_told(
    short: Settings, small_pair: DatasetPair
) -> None:
    kept, told = [], []
    for event in train(short(lr=0.01, continue_training=True), small_pair):
        kept.append(event)
        told += without_clock([event])
    assert without_clock(kept) == told
