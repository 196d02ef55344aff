"""`core.training`: the night as a generator of events, the same every time."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.config import RunConfig
from core.data import DatasetPair, load_pair
from core.draws import Purpose, stream
from core.errors import ConfigError, DivergedError, WeightsError
from core.evaluation import make_probe, measure
from core.events import (
    CuesShown,
    CycleDone,
    DreamsMade,
    EpochDone,
    ImagesRecalled,
    NightDone,
    NightStarted,
    StageEvaluated,
    StageStarted,
)
from core.measures import SUBSET
from core.reader import load_reader
from core.schedule import Stage, hypnogram
from core.training import train
from core.vae import VAE
from core.weights import file_sha256, load_vae, save_weights
from tests.conftest import Night, Settings, fewer, of_kind, without_clock

pytestmark = pytest.mark.usefixtures("one_thread")


def losses(events: list[Any], place: int = 0) -> list[tuple[float, float, float]]:
    """The epochs' losses of one seed, by its place in the config."""
    return [
        (event.total[place], event.reconstruction[place], event.kl[place])
        for event in of_kind(events, EpochDone)
    ]


# --- the order of events ---


def test_a_night_tells_its_events_in_order(night: Night) -> None:
    told = []
    for event in night(total_eps=5, num_cycles=2):
        place = [
            getattr(event, name) for name in ("cycle", "stage", "epoch") if hasattr(event, name)
        ]
        told.append((type(event).__name__, *place))
    assert told == [
        ("NightStarted",),
        ("CuesShown",),
        ("StageEvaluated", 0, "before"),
        ("ImagesRecalled", 0),
        ("StageStarted", 1, "NREM"),
        ("EpochDone", 1, "NREM", 1),
        ("StageEvaluated", 1, "NREM"),
        ("StageStarted", 1, "REM"),
        ("DreamsMade", 1),
        ("EpochDone", 1, "REM", 1),
        ("StageEvaluated", 1, "REM"),
        ("ImagesRecalled", 1),
        ("CycleDone", 1),
        ("StageStarted", 2, "NREM"),
        ("EpochDone", 2, "NREM", 1),
        ("StageEvaluated", 2, "NREM"),
        ("StageStarted", 2, "REM"),
        ("DreamsMade", 2),
        ("EpochDone", 2, "REM", 1),
        ("EpochDone", 2, "REM", 2),
        ("StageEvaluated", 2, "REM"),
        ("ImagesRecalled", 2),
        ("CycleDone", 2),
        ("NightDone",),
    ]


@pytest.mark.parametrize(("fraction", "stage"), [(0.0, "NREM"), (1.0, "REM")])
def test_a_night_of_one_stage_only_has_no_other(fraction: float, stage: str, night: Night) -> None:
    events = night(start_fraction_rem=fraction, end_fraction_rem=fraction)
    assert {event.stage for event in of_kind(events, StageStarted)} == {stage}
    assert {event.stage for event in of_kind(events, EpochDone)} == {stage}
    assert len(of_kind(events, EpochDone)) == 8
    assert len(of_kind(events, DreamsMade)) == (2 if stage == "REM" else 0)
    assert len(of_kind(events, CycleDone)) == 2


def test_a_night_of_one_cycle_works(night: Night) -> None:
    events = night(num_cycles=1, total_eps=3)
    assert [event.cycle for event in of_kind(events, StageEvaluated)] == [0, 1, 1]
    assert len(of_kind(events, EpochDone)) == 3


def test_the_night_says_all_that_is_needed_to_run_it_again(
    night: Night, short: Settings, tiny_weights: Path
) -> None:
    changes = {"seeds": (4, 2), "total_eps": 5, "rounding": "original"}
    events = night(**changes)
    started = events[0]
    assert isinstance(started, NightStarted)
    assert RunConfig.from_dict(json.loads(json.dumps(started.config))) == short(**changes)
    assert started.cycles == ((0.5, 1, 1), (0.5, 1, 1))
    assert (started.dataset_1, started.dataset_2) == ("MNIST", "inverted MNIST")
    assert started.weights.origin == "given"
    assert started.weights.file == tiny_weights.name
    assert started.weights.sha256 == file_sha256(tiny_weights)
    assert (started.device, started.threads) == ("cpu", 1)
    assert {"python", "torch", "numpy"} <= set(started.versions)
    assert isinstance(events[-1], NightDone)
    assert events[-1].seconds > 0


def test_a_stage_says_how_many_epochs_and_gradient_steps_it_has(night: Night) -> None:
    (nrem, rem) = of_kind(night(num_cycles=1, num=7, batch_size=3), StageStarted)
    assert (nrem.epochs, nrem.steps) == (4, 12)  # three batches an epoch, the last of one image
    assert (rem.epochs, rem.steps) == (4, 12)


# --- what is trained ---


def by_hand(config: RunConfig, pair: DatasetPair, *, one_adam: bool = True) -> list[list[float]]:
    """The losses of the first seed's night, written down a second time as plainly as possible."""
    seed = config.seeds[0]
    vae, frozen = (load_vae(Path(str(config.weights)), config.latent_dim) for _ in range(2))

    def optimiser() -> torch.optim.Adam:
        return torch.optim.Adam(vae.parameters(), lr=config.lr, eps=1e-7)

    adam, found = optimiser(), []
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            if not one_adam:
                adam = optimiser()
            if stage is Stage.NREM:
                recent = pair.dataset_2.train
                subset = stream(seed, Purpose.SUBSET, number)
                chosen = subset.choice(len(recent), config.num, replace=False)
                images = torch.from_numpy(recent[chosen]).unsqueeze(1) / 255
            else:
                images = dreams(vae if config.continue_training else frozen, config, number)
            for epoch in range(epochs):
                position = (number, 0 if stage is Stage.NREM else 1, epoch)
                order = stream(seed, Purpose.SHUFFLE, *position).permutation(config.num)
                noise = stream(seed, Purpose.NOISE, *position).standard_normal(
                    (config.num, config.latent_dim), dtype=np.float32
                )
                summed = np.zeros(3)
                for start in range(0, config.num, config.batch_size):
                    batch = images[order[start : start + config.batch_size]]
                    parts = vae.losses(
                        batch, torch.from_numpy(noise[start : start + config.batch_size])
                    )
                    adam.zero_grad()
                    parts.total.backward()
                    adam.step()
                    summed += len(batch) * np.array([part.item() for part in parts])
                found.append(list(summed / config.num))
    return found


@torch.no_grad()
def dreams(dreamer: VAE, config: RunConfig, cycle: int) -> Tensor:
    latents = stream(config.seeds[0], Purpose.DREAMS, cycle).standard_normal(
        (config.num, config.latent_dim), dtype=np.float32
    )
    return dreamer.dream(torch.from_numpy(latents))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seeds": (7,), "lr": 0.01, "rounding": "original", "total_eps": 9},
        {"num": 7, "batch_size": 3},
        {"num_cycles": 1, "start_fraction_rem": 0.25},
        {"start_fraction_rem": 0.0, "end_fraction_rem": 0.0},
        {"start_fraction_rem": 1.0, "end_fraction_rem": 1.0},
        {"continue_training": True},
    ],
    ids=str,
)
def test_a_night_trains_what_a_night_written_by_hand_trains(
    changes: dict[str, Any], night: Night, short: Settings, small_pair: DatasetPair
) -> None:
    expected = by_hand(short(**changes), small_pair)
    np.testing.assert_allclose(losses(night(**changes)), expected, rtol=1e-3)


def test_one_adam_state_runs_through_the_whole_night(
    night: Night, short: Settings, small_pair: DatasetPair
) -> None:
    ours = np.array(losses(night(lr=0.01)))
    config = short(lr=0.01)
    one = np.array(by_hand(config, small_pair))
    renewed = np.array(by_hand(config, small_pair, one_adam=False))
    assert np.abs(ours - one).max() < 0.01
    assert np.abs(ours - renewed).max() > 1


def test_the_losses_are_cross_entropy_and_kl_and_their_sum(night: Night) -> None:
    for total, reconstruction, kl in losses(night(seeds=(0, 1)), 1):
        assert total == pytest.approx(reconstruction + kl, rel=1e-5)
        assert kl > 0


def test_training_learns_the_recent_memories(night: Night) -> None:
    events = night(total_eps=16, num_cycles=1, num=10, start_fraction_rem=0.0)
    before, after = (event.dataset_2.error[0] for event in of_kind(events, StageEvaluated))
    assert after < 0.8 * before


def test_every_test_image_has_its_own_error_and_the_mean_is_theirs(night: Night) -> None:
    for event in of_kind(night(seeds=(0, 5), total_eps=2, num_cycles=1), StageEvaluated):
        for scores in (event.dataset_1, event.dataset_2):
            assert scores.images == 20
            for mean, each in (
                (scores.error, scores.error_per_image),
                (scores.recall_error, scores.recall_error_per_image),
            ):
                assert each.shape == (2, 20)
                assert each.dtype == np.float32
                np.testing.assert_allclose(mean, each.mean(axis=1, dtype=float))


def test_the_measure_before_the_night_is_that_of_the_weights_it_starts_from(
    night: Night, tiny_weights: Path, small_pair: DatasetPair
) -> None:
    before = of_kind(night(seeds=(3, 4)), StageEvaluated)[0]
    vae, reader = load_vae(tiny_weights, 5), load_reader()
    for dataset, scores in (
        (small_pair.dataset_1, before.dataset_1),
        (small_pair.dataset_2, before.dataset_2),
    ):
        found = measure(vae, make_probe(dataset, "random", 0.25, torch.device("cpu")), reader)
        assert scores.error == (pytest.approx(float(found.error.mean())),) * 2
        assert scores.recall_accuracy == (found.recalled.mean(),) * 2


# --- what is recalled ---


def cue_places(labels: np.ndarray[Any, Any]) -> list[int]:
    """Where the cues lie in a test set: the first of each digit, ten in all."""
    digits = np.unique(labels)
    return [place for d in digits for place in np.flatnonzero(labels == d)[: 10 // len(digits)]]


@pytest.mark.parametrize(
    ("split", "digits"),
    [
        ("inverted", (list(range(10)), list(range(10)))),
        ("digits", ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [5, 5, 6, 6, 7, 7, 8, 8, 9, 9])),
    ],
)
@pytest.mark.parametrize("mask", ["random", "top"])
def test_the_cues_are_each_digit_equally_often_hidden_as_for_measuring(
    split: str, digits: tuple[list[int], list[int]], mask: str, short: Settings
) -> None:
    pair = load_pair(split)
    shown = next(
        event
        for event in train(short(split=split, mask=mask), pair)
        if isinstance(event, CuesShown)
    )
    both = (
        (pair.dataset_1, shown.original_1, shown.partial_1),
        (pair.dataset_2, shown.original_2, shown.partial_2),
    )
    for (dataset, original, partial), expected in zip(both, digits, strict=True):
        places = cue_places(dataset.test_labels)
        assert dataset.test_labels[places].tolist() == expected
        assert np.array_equal(original, dataset.test[places])
        hidden = make_probe(dataset, mask, 0.25, torch.device("cpu")).hidden.squeeze(1).numpy()
        assert np.array_equal(partial, np.where(hidden[places], 0, original))
        assert (original.dtype, partial.dtype) == (np.uint8, np.uint8)


def test_the_cues_are_the_same_in_every_arm(night: Night) -> None:
    arms = (night(), night(seeds=(5, 6), start_fraction_rem=0.0, num=3, continue_training=True))
    first, second = (of_kind(events, CuesShown) for events in arms)
    assert without_clock(first) == without_clock(second)


def test_each_seeds_model_recalls_the_cues_before_the_night_and_after_each_cycle(
    night: Night, tiny_weights: Path
) -> None:
    events = night(seeds=(0, 1), lr=0.01)
    (shown,) = of_kind(events, CuesShown)
    made = of_kind(events, ImagesRecalled)
    assert [event.cycle for event in made] == [0, 1, 2]
    before = load_vae(tiny_weights, 5)
    for partial, recalled in (
        (shown.partial_1, [event.dataset_1 for event in made]),
        (shown.partial_2, [event.dataset_2 for event in made]),
    ):
        with torch.no_grad():
            images = torch.from_numpy(partial).unsqueeze(1) / 255
            expected = before.reconstruct(images).squeeze(1).numpy() * 255
        for seed in recalled[0]:
            assert np.abs(seed - expected).max() <= 0.5 + 1e-3
        assert {images.shape for images in recalled} == {(2, 10, 28, 28)}
        assert {images.dtype for images in recalled} == {np.dtype(np.uint8)}
        assert not np.array_equal(recalled[1][0], recalled[1][1])
        assert not np.array_equal(recalled[1], recalled[2])


def test_a_digit_with_too_few_test_images_gives_the_cues_it_has(
    night: Night, bundled: DatasetPair
) -> None:
    (shown,) = of_kind(night(fewer(bundled, test=7)), CuesShown)
    assert shown.original_1.shape == (7, 28, 28)


# --- who dreams ---


def test_the_frozen_dreamer_dreams_with_the_weights_from_before_the_night(
    night: Night, short: Settings, tiny_weights: Path
) -> None:
    frozen = load_vae(tiny_weights, 5)
    made = of_kind(night(seeds=(6,), lr=0.01), DreamsMade)
    assert [event.cycle for event in made] == [1, 2]
    for event in made:
        expected = dreams(frozen, short(seeds=(6,)), event.cycle).squeeze(1).numpy() * 255
        assert event.images.shape == (1, 4, 28, 28)
        assert event.images.dtype == np.uint8
        assert np.abs(event.images[0] - expected).max() <= 0.5 + 1e-3


def test_the_current_dreamer_dreams_with_the_weights_of_now(night: Night) -> None:
    changes = {"lr": 0.01, "start_fraction_rem": 1.0, "end_fraction_rem": 1.0}
    frozen = of_kind(night(**changes), DreamsMade)
    current = of_kind(night(continue_training=True, **changes), DreamsMade)
    assert np.array_equal(current[0].images, frozen[0].images)  # nothing is trained yet
    assert not np.array_equal(current[1].images, frozen[1].images)


def test_frozen_and_current_dreamers_differ_after_a_nrem_stage(night: Night) -> None:
    frozen, current = (
        of_kind(night(lr=0.01, continue_training=choice), DreamsMade)[0].images
        for choice in (False, True)
    )
    assert not np.array_equal(frozen, current)


def test_every_cycle_has_other_dreams_and_every_seed_its_own(night: Night) -> None:
    first, second = (event.images for event in of_kind(night(seeds=(0, 1)), DreamsMade))
    assert first.shape == (2, 4, 28, 28)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_the_shares_of_what_dreams_hold_add_up_to_1(night: Night) -> None:
    for event in of_kind(night(seeds=(0, 1), num=10), DreamsMade):
        for shares in zip(event.old, event.new, event.neither, strict=True):
            assert sum(shares) == pytest.approx(1)
        assert all(0 <= count <= 10 for count in (*event.old_classes, *event.new_classes))


# --- the same numbers ---


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
from core.config import RunConfig
from core.data import load_pair
from core.training import train
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
    pair = fewer(bundled, test=SUBSET + 20)
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


# --- what goes wrong ---


@pytest.mark.parametrize("lr", [1e30, 1e38, 1e300])
def test_a_rate_far_too_large_is_told_in_one_sentence(lr: float, night: Night) -> None:
    with pytest.raises(DivergedError) as caught:
        night(lr=lr, seeds=(0, 8))
    sentence = str(caught.value)
    assert f"lr is {lr}" in sentence
    assert "seed 0" in sentence
    assert "cycle 1" in sentence
    assert "smaller" in sentence
    assert sentence.endswith(".")


def test_weights_spoilt_by_a_stages_last_step_are_told_too(night: Night) -> None:
    # The only step's own loss is finite; what the model then reconstructs is not.
    with pytest.raises(DivergedError, match=r"the error of seed 0 is not finite in cycle 1, NREM"):
        night(lr=1e38, num=1, total_eps=1, num_cycles=1, start_fraction_rem=0.0)


def test_weights_of_another_size_are_refused_before_the_night(
    short: Settings, small_pair: DatasetPair, tmp_path: Path
) -> None:
    path = tmp_path / "two.safetensors"
    save_weights(VAE(2), path, {})
    with pytest.raises(WeightsError, match="latent_dim is 5"):
        next(train(short(weights=str(path)), small_pair))


def test_a_device_that_is_not_there_is_told(short: Settings, small_pair: DatasetPair) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ConfigError, match=r"device is 'cuda', which this machine lacks.* cpu"):
        next(train(short(device="cuda"), small_pair))


def test_digits_split_sleeps_too(night: Night, small_pair: DatasetPair) -> None:
    events = night(fewer(load_pair("digits"), test=20), split="digits")
    assert events[0].dataset_2 == "digits 5-9"
    assert len(of_kind(events, EpochDone)) == 8
