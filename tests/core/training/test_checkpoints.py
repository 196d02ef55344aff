"""`core.training.checkpoints`: a night's state on disk, and going on from it."""

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
Sleep = Callable[..., list[Event]]


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def sleep(short: Settings, small_pair: DatasetPair, kept: Checkpoints) -> Sleep:
    """Sleeps a night of three cycles and two seeds; ``until`` that cycle only, as if killed."""

    def night(finished: int = 0, until: int = CYCLES, **changes: Any) -> list[Event]:
        config = short(**{"total_eps": 9, "num_cycles": CYCLES, "seeds": (4, 0), **changes})
        told = []
        for event in train(config, small_pair, checkpoints=kept, finished=finished):
            told.append(event)
            if until < CYCLES and event == CycleDone(until):
                break
        return told

    return night


def outcome(events: list[Event]) -> Any:
    """What a night has come to, but for the time it took."""
    state = fold(RunState(), events)
    assert state.outcome == "done"
    return plain(replace(state, seconds=None))


def files(kept: Checkpoints) -> list[str]:
    return sorted(file.name for file in kept.folder.iterdir())


def asleep(*seeds: int) -> Ensemble:
    """An ensemble that has trained for an epoch."""
    torch.manual_seed(0)
    ensemble = Ensemble(VAE(3), seeds, 0.001)
    ensemble.train(torch.rand(len(seeds), 4, 1, 28, 28), (1, 0, 0), 1)
    return ensemble


# --- a night that goes on ---


@pytest.mark.parametrize("dreamer", [False, True], ids=["frozen", "current"])
@pytest.mark.parametrize("cycle", [1, 2])
def test_a_night_that_goes_on_after_a_cycle_comes_out_the_same(
    cycle: int, dreamer: bool, sleep: Sleep, kept: Checkpoints
) -> None:
    undisturbed = sleep(continue_training=dreamer)
    last = (kept.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes()
    for file in kept.folder.iterdir():
        file.unlink()
    begun = sleep(until=cycle, continue_training=dreamer)
    rest = sleep(finished=cycle, continue_training=dreamer)
    assert isinstance(rest[0], NightResumed)
    assert rest[0].cycle == cycle
    assert outcome([*begun, *rest]) == outcome(undisturbed)
    assert (kept.folder / f"cycle-{CYCLES:06d}.safetensors").read_bytes() == last


def test_a_cycle_whose_end_was_not_told_is_slept_again(sleep: Sleep) -> None:
    undisturbed = sleep()
    rest = sleep(finished=2)  # there is a checkpoint of the third
    assert rest[0] == NightResumed(2, rest[0].versions)  # type: ignore[union-attr]
    assert outcome([*undisturbed[:-2], *rest]) == outcome(undisturbed)


def test_a_night_that_was_killed_before_its_last_word_has_only_that_to_say(sleep: Sleep) -> None:
    undisturbed = sleep()
    rest = sleep(finished=CYCLES)
    assert [type(event).__name__ for event in rest] == ["NightResumed", "NightDone"]
    assert outcome([*undisturbed[:-1], *rest]) == outcome(undisturbed)


def test_a_night_without_a_finished_cycle_starts_over(sleep: Sleep) -> None:
    undisturbed = sleep()
    again = sleep(finished=0)
    assert isinstance(again[0], NightStarted)
    assert outcome([*undisturbed[:9], *again]) == outcome(undisturbed)


def test_the_weights_of_the_start_are_kept_with_the_night(
    sleep: Sleep, tiny_weights: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(tiny_weights.read_bytes())
    begun = sleep(until=1, weights=str(mine))
    mine.unlink()
    rest = sleep(finished=1, weights=str(mine))
    assert outcome([*begun, *rest])


def test_the_seconds_of_a_night_add_up(sleep: Sleep, kept: Checkpoints) -> None:
    sleep(until=2)
    saved = kept.newest(2, Ensemble(VAE(5), (4, 0), 0.001))
    assert saved is not None
    state = fold(RunState(), sleep(finished=2)[-1:])
    assert state.seconds is not None
    assert state.seconds > saved.seconds > 0


# --- being stopped between two steps ---


@pytest.mark.parametrize("calls", [1, 3, 8, 14, 40])
def test_a_check_that_raises_ends_the_night_at_that_very_step(
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


def test_what_is_restored_is_what_was_saved(kept: Checkpoints) -> None:
    before = asleep(1, 2)
    kept.save(5, 1.5, before)
    saved = kept.newest(9, asleep(1, 2))
    assert saved is not None
    assert (saved.cycle, saved.seconds) == (5, 1.5)
    after = Ensemble(VAE(3), (1, 2), 0.001)
    saved.restore(after)
    images = torch.rand(2, 4, 1, 28, 28)
    assert before.train(images, (2, 0, 0), 1) == after.train(images, (2, 0, 0), 1)
    assert (before.steps, after.steps) == (8, 8)


def test_the_newest_two_are_kept(kept: Checkpoints) -> None:
    for cycle in (1, 2, 3, 10):
        kept.save(cycle, 0.0, asleep(0))
    assert files(kept) == [
        "cycle-000003.json",
        "cycle-000003.safetensors",
        "cycle-000010.json",
        "cycle-000010.safetensors",
    ]


@pytest.mark.parametrize("damaged", ["cycle-000002.json", "cycle-000002.safetensors"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    damaged: str, how: str, kept: Checkpoints
) -> None:
    for cycle in (1, 2):
        kept.save(cycle, 0.0, asleep(0))
    file = kept.folder / damaged
    content = file.read_bytes()
    middle = len(content) // 2
    if how == "flipped":
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "cut":
        file.write_bytes(content[:middle])
    else:
        file.unlink()
    saved = kept.newest(2, asleep(0))
    assert saved is not None
    assert saved.cycle == 1


def test_nothing_is_pickled(sleep: Sleep, kept: Checkpoints) -> None:
    sleep()
    assert {Path(name).suffix for name in files(kept)} == {".json", ".safetensors"}


# --- checkpoints from elsewhere ---


def reseal(kept: Checkpoints, cycle: int, content: bytes, /, **changes: Any) -> None:
    """Replace a checkpoint's tensors, with a checksum that is right, and values of its record."""
    path = kept.folder / f"cycle-{cycle:06d}.safetensors"
    path.write_bytes(content)
    record = read_checked_json(path.with_suffix(".json"))
    sha256 = hashlib.sha256(content).hexdigest()
    write_checked_json(path.with_suffix(".json"), {**record, "sha256": sha256, **changes})


def tensors(kept: Checkpoints, cycle: int) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(kept.folder / f"cycle-{cycle:06d}.safetensors")
    return found


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
        {"odd": torch.zeros(1)},
    ],
    ids=str,
)
def test_a_checkpoint_of_other_tensors_gives_way_to_the_one_before(
    changes: dict[str, Any], kept: Checkpoints
) -> None:
    for cycle in (1, 2):
        kept.save(cycle, 0.0, asleep(1, 2))
    changed = {k: v for k, v in {**tensors(kept, 2), **changes}.items() if v is not None}
    reseal(kept, 2, save(changed))
    saved = kept.newest(2, asleep(1, 2))
    assert saved is not None
    assert saved.cycle == 1


@pytest.mark.parametrize(
    "changes", [{"cycle": 1}, {"cycle": "2"}, {"seconds": -1}, {"seconds": 1e300}, {"seconds": "x"}]
)
def test_a_checkpoint_with_an_odd_record_does_not_count(
    changes: dict[str, Any], kept: Checkpoints
) -> None:
    kept.save(2, 0.0, asleep(1))
    reseal(kept, 2, (kept.folder / "cycle-000002.safetensors").read_bytes(), **changes)
    assert kept.newest(2, asleep(1)) is None


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x10" + bytes(20)])
def test_a_checkpoint_of_no_tensors_with_a_right_checksum_does_not_count(
    content: bytes, kept: Checkpoints
) -> None:
    kept.save(2, 0.0, asleep(1))
    reseal(kept, 2, content)
    assert kept.newest(2, asleep(1)) is None


@pytest.mark.parametrize("name", ["cycle-000002.safetensors", "cycle-000002.json", "start.json"])
@pytest.mark.parametrize("how", ["FIFO", "/dev/zero", "link", "huge", "folder link"])
def test_a_checkpoint_is_read_from_small_regular_files_of_the_run_alone(
    name: str, how: str, kept: Checkpoints, tmp_path: Path
) -> None:
    kept.save(2, 0.0, asleep(1))
    kept.save_start(VAE(3), WeightsUsed("given", "some.safetensors", "00"))
    path = kept.folder / name
    if how == "FIFO":
        path.unlink()
        os.mkfifo(path)
    elif how == "huge":
        os.truncate(path, 200_000_000)
    elif how == "folder link":
        kept.folder.rename(tmp_path / "elsewhere")
        kept.folder.symlink_to(tmp_path / "elsewhere")
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere" if how == "link" else how)
    assert name == "start.json" or kept.newest(2, asleep(1)) is None
    assert name != "start.json" or kept.start(3) is None


def test_files_that_are_no_checkpoints_are_left_alone(kept: Checkpoints) -> None:
    kept.save(1, 0.0, asleep(1))
    for name in ("cycle-abcdef.json", "cycle-00000x.json", "notes"):
        (kept.folder / name).touch()
    saved = kept.newest(1, asleep(1))
    assert saved is not None
    assert saved.cycle == 1


def test_a_damaged_checkpoint_of_a_later_cycle_does_not_cost_the_new_ones(
    kept: Checkpoints,
) -> None:
    for cycle in (8, 9):
        kept.save(cycle, 0.0, asleep(1))
        reseal(kept, cycle, b"damaged")
    kept.save(1, 0.0, asleep(1))  # the night has begun again
    saved = kept.newest(1, asleep(1))
    assert saved is not None
    assert saved.cycle == 1


def test_a_night_whose_first_weights_are_lost_begins_again(sleep: Sleep, kept: Checkpoints) -> None:
    undisturbed = sleep()
    (kept.folder / "start.safetensors").unlink()
    again = sleep(finished=2)
    assert isinstance(again[0], NightStarted)
    assert outcome([*undisturbed[:-2], *again]) == outcome(undisturbed)


def test_nothing_is_saved_through_a_link(kept: Checkpoints, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    kept.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        kept.save(1, 0.0, asleep(1))
    assert list((tmp_path / "elsewhere").iterdir()) == []
