"""`core.training.night`: the order of a night's events and what it trains."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data import DatasetPair, load_pair
from core.evaluation.measure import measure
from core.evaluation.probe import build_probe
from core.model.digit_reader import load_digit_reader
from core.model.vae import VAE
from core.model.weights import file_sha256, load_vae, save_weights
from core.runs.events import (
    CycleDone,
    DreamsMade,
    EpochDone,
    NightDone,
    NightStarted,
    StageEvaluated,
    StageStarted,
)
from core.schedule.config import RunConfig
from core.schedule.hypnogram import Stage, hypnogram
from core.support.errors import ConfigError, DivergedError, WeightsError
from core.support.random_streams import Purpose, random_stream
from core.training.night import train
from tests.conftest import ConfigFactory, NightRunner, events_of_type
from tests.helpers.nights import dreams, losses
from tools.datasets import subsample

pytestmark = pytest.mark.usefixtures("one_thread")


# --- the order of events ---


def test_a_night_yields_its_events_in_order(night: NightRunner) -> None:
    kinds = []
    for event in night(total_eps=5, num_cycles=2):
        position = [
            getattr(event, name) for name in ("cycle", "stage", "epoch") if hasattr(event, name)
        ]
        kinds.append((type(event).__name__, *position))
    assert kinds == [
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
def test_a_rem_fraction_of_0_or_1_leaves_out_the_other_stage(
    fraction: float, stage: str, night: NightRunner
) -> None:
    events = night(start_fraction_rem=fraction, end_fraction_rem=fraction)
    assert {event.stage for event in events_of_type(events, StageStarted)} == {stage}
    assert {event.stage for event in events_of_type(events, EpochDone)} == {stage}
    assert len(events_of_type(events, EpochDone)) == 8
    assert len(events_of_type(events, DreamsMade)) == (2 if stage == "REM" else 0)
    assert len(events_of_type(events, CycleDone)) == 2


def test_a_night_of_one_cycle_trains_all_its_epochs(night: NightRunner) -> None:
    events = night(num_cycles=1, total_eps=3)
    assert [event.cycle for event in events_of_type(events, StageEvaluated)] == [0, 1, 1]
    assert len(events_of_type(events, EpochDone)) == 3


def test_night_started_holds_everything_that_is_necessary_to_repeat_the_night(
    night: NightRunner, short: ConfigFactory, tiny_weights: Path
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


def test_stage_started_holds_the_number_of_epochs_and_gradient_steps(night: NightRunner) -> None:
    (nrem, rem) = events_of_type(night(num_cycles=1, num=7, batch_size=3), StageStarted)
    assert (nrem.epochs, nrem.steps) == (4, 12)  # three batches per epoch, the last with one image
    assert (rem.epochs, rem.steps) == (4, 12)


# --- training ---


def reference_losses(
    config: RunConfig, pair: DatasetPair, *, one_adam: bool = True
) -> list[list[float]]:
    """Return the first seed's losses, computed with autograd in the simplest way."""
    seed = config.seeds[0]
    vae, frozen = (load_vae(Path(str(config.weights)), config.latent_dim) for _ in range(2))

    def optimiser() -> torch.optim.Adam:
        return torch.optim.Adam(vae.parameters(), lr=config.lr, eps=1e-7)

    adam, epoch_losses = optimiser(), []
    for number, cycle in enumerate(hypnogram(config), start=1):
        for stage, epochs in cycle.stages:
            if not one_adam:
                adam = optimiser()
            if stage is Stage.NREM:
                recent = pair.dataset_2.train
                subset = random_stream(seed, Purpose.SUBSET, number)
                chosen = subset.choice(len(recent), config.num, replace=False)
                images = torch.from_numpy(recent[chosen]).unsqueeze(1) / 255
            else:
                images = dreams(vae if config.continue_training else frozen, config, number)
            for epoch in range(epochs):
                position = (number, 0 if stage is Stage.NREM else 1, epoch)
                order = random_stream(seed, Purpose.SHUFFLE, *position).permutation(config.num)
                noise = random_stream(seed, Purpose.NOISE, *position).standard_normal(
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
                epoch_losses.append(list(summed / config.num))
    return epoch_losses


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
def test_losses_equal_those_of_a_simple_loop_with_autograd(
    changes: dict[str, Any], night: NightRunner, short: ConfigFactory, small_pair: DatasetPair
) -> None:
    expected = reference_losses(short(**changes), small_pair)
    np.testing.assert_allclose(losses(night(**changes)), expected, rtol=1e-3)


def test_one_adam_state_runs_through_the_whole_night(
    night: NightRunner, short: ConfigFactory, small_pair: DatasetPair
) -> None:
    actual = np.array(losses(night(lr=0.01)))
    config = short(lr=0.01)
    one_state = np.array(reference_losses(config, small_pair))
    new_state_per_stage = np.array(reference_losses(config, small_pair, one_adam=False))
    assert np.abs(actual - one_state).max() < 0.01
    assert np.abs(actual - new_state_per_stage).max() > 1


def test_the_total_loss_is_the_sum_of_reconstruction_and_kl(night: NightRunner) -> None:
    for total, reconstruction, kl in losses(night(seeds=(0, 1)), 1):
        assert total == pytest.approx(reconstruction + kl, rel=1e-5)
        assert kl > 0


def test_a_night_without_rem_lowers_the_error_of_new_memories(night: NightRunner) -> None:
    events = night(total_eps=16, num_cycles=1, num=10, start_fraction_rem=0.0)
    initial, final = (event.dataset_2.error[0] for event in events_of_type(events, StageEvaluated))
    assert final < 0.8 * initial


def test_scores_hold_an_error_per_image_and_their_mean(night: NightRunner) -> None:
    for event in events_of_type(night(seeds=(0, 5), total_eps=2, num_cycles=1), StageEvaluated):
        for scores in (event.dataset_1, event.dataset_2):
            assert scores.images == 20
            for mean, per_image in (
                (scores.error, scores.error_per_image),
                (scores.recall_error, scores.recall_error_per_image),
            ):
                assert per_image.shape == (2, 20)
                assert per_image.dtype == np.float32
                np.testing.assert_allclose(mean, per_image.mean(axis=1, dtype=float))


def test_the_measurement_before_the_night_is_that_of_the_initial_weights(
    night: NightRunner, tiny_weights: Path, small_pair: DatasetPair
) -> None:
    measurement = events_of_type(night(seeds=(3, 4)), StageEvaluated)[0]
    vae, reader = load_vae(tiny_weights, 5), load_digit_reader()
    for dataset, scores in (
        (small_pair.dataset_1, measurement.dataset_1),
        (small_pair.dataset_2, measurement.dataset_2),
    ):
        measured = measure(vae, build_probe(dataset, "random", 0.25, torch.device("cpu")), reader)
        assert scores.error == (pytest.approx(float(measured.error.mean())),) * 2
        assert scores.recall_accuracy == (measured.recalled.mean(),) * 2


# --- errors ---


@pytest.mark.parametrize("lr", [1e30, 1e38, 1e300])
def test_a_learning_rate_far_too_large_raises_an_error_that_names_rate_seed_and_cycle(
    lr: float, night: NightRunner
) -> None:
    with pytest.raises(DivergedError) as caught:
        night(lr=lr, seeds=(0, 8))
    sentence = str(caught.value)
    assert f"lr is {lr}" in sentence
    assert "seed 0" in sentence
    assert "cycle 1" in sentence
    assert "smaller" in sentence
    assert sentence.endswith(".")


def test_weights_ruined_by_the_last_step_of_a_stage_raise_an_error(night: NightRunner) -> None:
    # The only step's own loss is finite; what the model then reconstructs is not.
    with pytest.raises(DivergedError, match=r"the error of seed 0 is not finite in cycle 1, NREM"):
        night(lr=1e38, num=1, total_eps=1, num_cycles=1, start_fraction_rem=0.0)


def test_weights_of_another_latent_size_raise_an_error_before_the_first_event(
    short: ConfigFactory, small_pair: DatasetPair, tmp_path: Path
) -> None:
    path = tmp_path / "two.safetensors"
    save_weights(VAE(2), path, {})
    with pytest.raises(WeightsError, match="latent_dim is 5"):
        next(train(short(weights=str(path)), small_pair))


def test_a_device_that_the_machine_lacks_raises_an_error(
    short: ConfigFactory, small_pair: DatasetPair
) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ConfigError, match=r"device is 'cuda', which this machine lacks.* cpu"):
        next(train(short(device="cuda"), small_pair))


def test_the_digits_split_runs(night: NightRunner, small_pair: DatasetPair) -> None:
    events = night(subsample(load_pair("digits"), test=20), split="digits")
    assert events[0].dataset_2 == "digits 5-9"
    assert len(events_of_type(events, EpochDone)) == 8
