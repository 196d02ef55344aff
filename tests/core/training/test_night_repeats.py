"""`core.training.night`: the same config yields the same events, bit for bit."""

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
from tests.conftest import ConfigFactory, NightRunner, events_of_type, without_duration
from tests.helpers.nights import losses
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_same_config_yields_the_same_events_bit_for_bit(night: NightRunner) -> None:
    first, second = (night(seeds=(0, 1)) for _ in range(2))
    assert without_duration(first) == without_duration(second)


@pytest.mark.parametrize("threads", [2, 3])
def test_more_threads_yield_the_same_events_bit_for_bit(
    threads: int, night: NightRunner, short: ConfigFactory, small_pair: DatasetPair
) -> None:
    expected = without_duration(night(seeds=(0, 1, 2)))
    events = train(short(seeds=(0, 1, 2)), small_pair, threads=lambda: threads)
    assert without_duration(events) == expected


IN_ANOTHER_PROCESS = """
import hashlib, json, sys
import torch
torch.set_num_threads(1)
from core.schedule.config import RunConfig
from core.data import load_pair
from core.training.night import train
from tests.conftest import without_duration
from tools.datasets import subsample

config = RunConfig.from_dict(json.loads(sys.argv[1]))
events = train(config, subsample(load_pair(), test=20))
print(hashlib.sha256(repr(without_duration(events)).encode()).hexdigest())
"""


def test_another_process_yields_the_same_events_bit_for_bit(
    night: NightRunner, short: ConfigFactory
) -> None:
    changes = {"seeds": (2,), "total_eps": 4}
    completed = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, json.dumps(short(**changes).to_dict())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "77"},
    )
    expected = hashlib.sha256(repr(without_duration(night(**changes))).encode()).hexdigest()
    assert completed.stdout.strip() == expected, completed.stderr


def test_a_seeds_results_do_not_depend_on_the_other_seeds_of_the_run(night: NightRunner) -> None:
    alone, together = night(seeds=(1,)), night(seeds=(0, 1))
    assert losses(alone, 0) == losses(together, 1)
    for one, two in zip(
        events_of_type(alone, DreamsMade), events_of_type(together, DreamsMade), strict=True
    ):
        assert np.array_equal(one.images[0], two.images[1])
    for one, two in zip(
        events_of_type(alone, StageEvaluated), events_of_type(together, StageEvaluated), strict=True
    ):
        assert one.dataset_1.error[0] == two.dataset_1.error[1]
        assert one.dataset_2.recall_error[0] == two.dataset_2.recall_error[1]


def test_different_seeds_have_different_losses(night: NightRunner) -> None:
    events = night(seeds=(0, 1))
    assert losses(events, 0) != losses(events, 1)


def test_global_random_generators_of_torch_and_numpy_have_no_effect(
    short: ConfigFactory, small_pair: DatasetPair
) -> None:
    def run(seed: int, *, draw_between: bool) -> list[Any]:
        torch.manual_seed(seed)
        np.random.seed(seed)
        events = []
        for event in train(short(), small_pair):
            events.append(event)
            if draw_between:  # as a caller might, between two events
                torch.rand(5)
                np.random.random(5)
        return without_duration(events)

    assert run(1, draw_between=False) == run(2, draw_between=True)


def training_events(events: list[Any]) -> list[Any]:
    return without_duration(
        [*events_of_type(events, EpochDone), *events_of_type(events, DreamsMade)]
    )


def test_masks_and_test_images_do_not_change_training(
    night: NightRunner, bundled: DatasetPair
) -> None:
    expected = training_events(night())
    assert training_events(night(mask="centre")) == expected
    assert training_events(night(mask_fraction=0.6)) == expected
    assert training_events(night(subsample(bundled, test=7))) == expected


def test_full_evaluation_uses_every_test_image_and_changes_nothing_else(
    night: NightRunner, bundled: DatasetPair
) -> None:
    pair = subsample(bundled, test=EVALUATION_SUBSET + 20)
    subset, full = (
        night(pair, total_eps=2, num_cycles=1, full_evaluation=choice) for choice in (False, True)
    )
    counts = [
        [event.dataset_1.images for event in events_of_type(events, StageEvaluated)]
        for events in (subset, full)
    ]
    assert counts == [[520, 500, 520], [520, 520, 520]]
    assert training_events(subset) == training_events(full)
    of_subset, of_full = (events_of_type(events, StageEvaluated) for events in (subset, full))
    assert without_duration([of_subset[0], of_subset[-1]]) == without_duration(
        [of_full[0], of_full[-1]]
    )


def test_partial_images_are_the_same_at_every_measurement_and_in_every_condition(
    night: NightRunner,
) -> None:
    # A learning rate this small leaves the model unchanged, so that equal masks give equal recall.
    first = night(lr=1e-30)
    second = night(lr=1e-30, seeds=(9,), start_fraction_rem=0.0)
    measured = [*events_of_type(first, StageEvaluated), *events_of_type(second, StageEvaluated)]
    assert len({event.dataset_1.recall_error for event in measured}) == 1
    assert len({event.dataset_2.recall_error for event in measured}) == 1


def test_a_generator_that_is_closed_early_has_yielded_the_first_events_of_the_whole_night(
    short: ConfigFactory, small_pair: DatasetPair
) -> None:
    whole = without_duration(train(short(), small_pair))
    stopped = train(short(), small_pair)
    beginning = [next(stopped) for _ in range(6)]
    stopped.close()
    assert without_duration(beginning) == whole[:6]


def test_events_do_not_change_after_they_were_yielded(
    short: ConfigFactory, small_pair: DatasetPair
) -> None:
    events, snapshots = [], []
    for event in train(short(lr=0.01, continue_training=True), small_pair):
        events.append(event)
        snapshots += without_duration([event])
    assert without_duration(events) == snapshots
