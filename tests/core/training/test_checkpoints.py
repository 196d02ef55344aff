"""`core.training.checkpoints`: a night's state on disk, and resuming from it."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from core.data import DatasetPair
from core.ensemble import Ensemble
from core.model.vae import VAE
from core.runs.events import CycleDone, Event, NightResumed, NightStarted, WeightsUsed
from core.runs.state import RunState, fold
from core.support.checksums import read_checked_json, write_checked_json
from core.support.stopping import Stopped
from core.training.checkpoints import Checkpoints
from core.training.night import train
from tests.conftest import Settings, plain

pytestmark = pytest.mark.usefixtures("one_thread")

CYCLES = 3
RunNight = Callable[..., list[Event]]


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def run_night(short: Settings, small_pair: DatasetPair, checkpoints: Checkpoints) -> RunNight:
    """Runs a night of three cycles and two seeds, or, as if killed, only up to cycle ``until``."""

    def run(finished: int = 0, until: int = CYCLES, **changes: Any) -> list[Event]:
        config = short(**{"total_eps": 9, "num_cycles": CYCLES, "seeds": (4, 0), **changes})
        events = []
        for event in train(config, small_pair, checkpoints=checkpoints, finished=finished):
            events.append(event)
            if until < CYCLES and event == CycleDone(until):
                break
        return events

    return run


def final_state(events: list[Event]) -> Any:
    """Return the state of a finished night without its duration."""
    state = fold(RunState(), events)
    assert state.outcome == "done"
    return plain(replace(state, seconds=None))


def file_names(checkpoints: Checkpoints) -> list[str]:
    return sorted(file.name for file in checkpoints.folder.iterdir())


def trained_ensemble(*seeds: int) -> Ensemble:
    """Return an ensemble after one epoch."""
    torch.manual_seed(0)
    ensemble = Ensemble(VAE(3), seeds, 0.001)
    ensemble.train(torch.rand(len(seeds), 4, 1, 28, 28), (1, 0, 0), 1)
    return ensemble


# --- resuming a night ---


@pytest.mark.parametrize("dreamer", [False, True], ids=["frozen", "current"])
@pytest.mark.parametrize("cycle", [1, 2])
def test_a_resumed_night_ends_in_the_same_state_bit_for_bit(
    cycle: int, dreamer: bool, run_night: RunNight, checkpoints: Checkpoints
) -> None:
    uninterrupted = run_night(continue_training=dreamer)
    last = (checkpoints.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes()
    for file in checkpoints.folder.iterdir():
        file.unlink()
    first_part = run_night(until=cycle, continue_training=dreamer)
    rest = run_night(finished=cycle, continue_training=dreamer)
    assert isinstance(rest[0], NightResumed)
    assert rest[0].cycle == cycle
    assert final_state([*first_part, *rest]) == final_state(uninterrupted)
    assert (checkpoints.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes() == last


def test_a_checkpoint_of_a_cycle_whose_end_was_not_reported_is_ignored(run_night: RunNight) -> None:
    uninterrupted = run_night()
    rest = run_night(finished=2)  # cycle 3 has a checkpoint
    assert rest[0] == NightResumed(2, rest[0].versions)  # type: ignore[union-attr]
    assert final_state([*uninterrupted[:-2], *rest]) == final_state(uninterrupted)


def test_a_night_killed_before_its_last_event_yields_only_that_event_when_resumed(
    run_night: RunNight,
) -> None:
    uninterrupted = run_night()
    rest = run_night(finished=CYCLES)
    assert [type(event).__name__ for event in rest] == ["NightResumed", "NightDone"]
    assert final_state([*uninterrupted[:-1], *rest]) == final_state(uninterrupted)


def test_a_night_without_a_finished_cycle_starts_over(run_night: RunNight) -> None:
    uninterrupted = run_night()
    restarted = run_night(finished=0)
    assert isinstance(restarted[0], NightStarted)
    assert final_state([*uninterrupted[:9], *restarted]) == final_state(uninterrupted)


def test_a_resumed_night_does_not_need_the_file_of_its_initial_weights(
    run_night: RunNight, tiny_weights: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "given.safetensors"
    weights.write_bytes(tiny_weights.read_bytes())
    first_part = run_night(until=1, weights=str(weights))
    weights.unlink()
    rest = run_night(finished=1, weights=str(weights))
    assert final_state([*first_part, *rest])


def test_the_seconds_of_a_resumed_night_include_those_before_the_interruption(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    run_night(until=2)
    saved = checkpoints.newest(2, Ensemble(VAE(5), (4, 0), 0.001))
    assert saved is not None
    state = fold(RunState(), run_night(finished=2)[-1:])
    assert state.seconds is not None
    assert state.seconds > saved.seconds > 0


# --- stopping between two steps ---


@pytest.mark.parametrize("calls", [1, 3, 8, 14, 40])
def test_an_exception_from_the_check_ends_the_night_at_once(
    calls: int, short: Settings, small_pair: DatasetPair
) -> None:
    called = 0

    def check() -> None:
        nonlocal called
        called += 1
        if called == calls:
            raise Stopped

    with pytest.raises(Stopped):
        list(train(short(total_eps=9, num_cycles=3), small_pair, check=check))
    assert called == calls


# --- checkpoints on disk ---


def test_a_restored_ensemble_trains_as_the_saved_one_would(checkpoints: Checkpoints) -> None:
    original = trained_ensemble(1, 2)
    checkpoints.save(5, 1.5, original)
    saved = checkpoints.newest(9, trained_ensemble(1, 2))
    assert saved is not None
    assert (saved.cycle, saved.seconds) == (5, 1.5)
    restored = Ensemble(VAE(3), (1, 2), 0.001)
    saved.restore(restored)
    images = torch.rand(2, 4, 1, 28, 28)
    assert original.train(images, (2, 0, 0), 1) == restored.train(images, (2, 0, 0), 1)
    assert (original.steps, restored.steps) == (8, 8)


def test_only_the_newest_two_checkpoints_are_kept(checkpoints: Checkpoints) -> None:
    for cycle in (1, 2, 3, 10):
        checkpoints.save(cycle, 0.0, trained_ensemble(0))
    assert file_names(checkpoints) == [
        "cycle-000003.json",
        "cycle-000003.safetensors",
        "cycle-000010.json",
        "cycle-000010.safetensors",
    ]


@pytest.mark.parametrize("damaged", ["cycle-000002.json", "cycle-000002.safetensors"])
@pytest.mark.parametrize("how", ["a flipped bit", "truncated", "missing"])
def test_the_earlier_checkpoint_is_used_if_the_newest_is_damaged(
    damaged: str, how: str, checkpoints: Checkpoints
) -> None:
    for cycle in (1, 2):
        checkpoints.save(cycle, 0.0, trained_ensemble(0))
    file = checkpoints.folder / damaged
    content = file.read_bytes()
    middle = len(content) // 2
    if how == "a flipped bit":
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "truncated":
        file.write_bytes(content[:middle])
    else:
        file.unlink()
    saved = checkpoints.newest(2, trained_ensemble(0))
    assert saved is not None
    assert saved.cycle == 1


def test_checkpoints_are_json_and_safetensors_only(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    run_night()
    assert {Path(name).suffix for name in file_names(checkpoints)} == {".json", ".safetensors"}


# --- checkpoints with a valid checksum and invalid content ---


def replace_content(
    checkpoints: Checkpoints, cycle: int, content: bytes, /, **changes: Any
) -> None:
    """Replace a checkpoint's tensors and values of its record, with valid checksums."""
    path = checkpoints.folder / f"cycle-{cycle:06d}.safetensors"
    path.write_bytes(content)
    record = read_checked_json(path.with_suffix(".json"))
    sha256 = hashlib.sha256(content).hexdigest()
    write_checked_json(path.with_suffix(".json"), {**record, "sha256": sha256, **changes})


def load_tensors(checkpoints: Checkpoints, cycle: int) -> dict[str, torch.Tensor]:
    return load_file(checkpoints.folder / f"cycle-{cycle:06d}.safetensors")


NAME = "seed-1.vae.encoder.mean.bias"


@pytest.mark.parametrize(
    "changes",
    [
        {NAME: torch.zeros(4)},
        {NAME: torch.zeros(3, dtype=torch.float64)},
        {NAME: torch.zeros(3, dtype=torch.int32)},
        {NAME: torch.zeros(3, 1)},
        {NAME: None},
        {"seed-1.step.encoder.mean.bias": torch.zeros(2)},
        {"seed-9.vae.encoder.mean.bias": torch.zeros(3)},
        {"unknown": torch.zeros(1)},
    ],
    ids=str,
)
def test_a_checkpoint_with_other_tensors_than_the_night_has_is_ignored(
    changes: dict[str, Any], checkpoints: Checkpoints
) -> None:
    for cycle in (1, 2):
        checkpoints.save(cycle, 0.0, trained_ensemble(1, 2))
    changed = {
        k: v for k, v in {**load_tensors(checkpoints, 2), **changes}.items() if v is not None
    }
    replace_content(checkpoints, 2, save(changed))
    saved = checkpoints.newest(2, trained_ensemble(1, 2))
    assert saved is not None
    assert saved.cycle == 1


@pytest.mark.parametrize(
    "changes",
    [{"cycle": 1}, {"cycle": "2"}, {"seconds": -1}, {"seconds": 1e300}, {"seconds": "x"}],
)
def test_a_checkpoint_with_an_invalid_record_is_ignored(
    changes: dict[str, Any], checkpoints: Checkpoints
) -> None:
    checkpoints.save(2, 0.0, trained_ensemble(1))
    replace_content(
        checkpoints, 2, (checkpoints.folder / "cycle-000002.safetensors").read_bytes(), **changes
    )
    assert checkpoints.newest(2, trained_ensemble(1)) is None


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x10" + bytes(20)])
def test_a_checkpoint_file_without_tensors_is_ignored(
    content: bytes, checkpoints: Checkpoints
) -> None:
    checkpoints.save(2, 0.0, trained_ensemble(1))
    replace_content(checkpoints, 2, content)
    assert checkpoints.newest(2, trained_ensemble(1)) is None


@pytest.mark.parametrize("name", ["cycle-000002.safetensors", "cycle-000002.json", "start.json"])
@pytest.mark.parametrize("how", ["FIFO", "/dev/zero", "link", "huge", "folder link"])
def test_links_special_files_and_huge_files_are_not_read_as_checkpoints(
    name: str, how: str, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    checkpoints.save(2, 0.0, trained_ensemble(1))
    checkpoints.save_initial_model(VAE(3), WeightsUsed("given", "some.safetensors", "00"))
    path = checkpoints.folder / name
    if how == "FIFO":
        path.unlink()
        os.mkfifo(path)
    elif how == "huge":
        os.truncate(path, 200_000_000)
    elif how == "folder link":
        checkpoints.folder.rename(tmp_path / "elsewhere")
        checkpoints.folder.symlink_to(tmp_path / "elsewhere")
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere" if how == "link" else how)
    assert name == "start.json" or checkpoints.newest(2, trained_ensemble(1)) is None
    assert name != "start.json" or checkpoints.initial_model(3) is None


def test_a_checkpoint_of_an_earlier_version_with_an_additional_field_is_used(
    checkpoints: Checkpoints,
) -> None:
    checkpoints.save(2, 1.5, trained_ensemble(1))
    content = (checkpoints.folder / "cycle-000002.safetensors").read_bytes()
    replace_content(checkpoints, 2, content, generators="every stream starts from its name")
    saved = checkpoints.newest(2, trained_ensemble(1))
    assert saved is not None
    assert (saved.cycle, saved.seconds) == (2, 1.5)


def test_other_files_in_the_folder_are_ignored(checkpoints: Checkpoints) -> None:
    checkpoints.save(1, 0.0, trained_ensemble(1))
    for name in ("cycle-abcdef.json", "cycle-00000x.json", "notes"):
        (checkpoints.folder / name).touch()
    saved = checkpoints.newest(1, trained_ensemble(1))
    assert saved is not None
    assert saved.cycle == 1


def test_damaged_checkpoints_of_later_cycles_do_not_displace_new_ones(
    checkpoints: Checkpoints,
) -> None:
    for cycle in (8, 9):
        checkpoints.save(cycle, 0.0, trained_ensemble(1))
        replace_content(checkpoints, cycle, b"damaged")
    checkpoints.save(1, 0.0, trained_ensemble(1))  # the night has started over
    saved = checkpoints.newest(1, trained_ensemble(1))
    assert saved is not None
    assert saved.cycle == 1


def test_a_night_whose_initial_model_is_missing_starts_over(
    run_night: RunNight, checkpoints: Checkpoints
) -> None:
    uninterrupted = run_night()
    (checkpoints.folder / "start.safetensors").unlink()
    restarted = run_night(finished=2)
    assert isinstance(restarted[0], NightStarted)
    assert final_state([*uninterrupted[:-2], *restarted]) == final_state(uninterrupted)


def test_saving_to_a_folder_that_is_a_link_raises_an_error(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    checkpoints.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        checkpoints.save(1, 0.0, trained_ensemble(1))
    assert list((tmp_path / "elsewhere").iterdir()) == []
