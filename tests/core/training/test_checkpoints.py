"""`core.training.checkpoints`: a night's state on disk."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from core.ensemble import Ensemble
from core.model.vae import VAE
from core.runs.events import WeightsUsed
from core.support.checksums import read_checked_json, write_checked_json
from core.training.checkpoints import Checkpoints

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


def file_names(checkpoints: Checkpoints) -> list[str]:
    return sorted(file.name for file in checkpoints.folder.iterdir())


def trained_ensemble(*seeds: int) -> Ensemble:
    """Return an ensemble after one epoch."""
    torch.manual_seed(0)
    ensemble = Ensemble(VAE(3), seeds, 0.001)
    ensemble.train(torch.rand(len(seeds), 4, 1, 28, 28), (1, 0, 0), 1)
    return ensemble


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


def test_saving_to_a_folder_that_is_a_link_raises_an_error(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    checkpoints.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        checkpoints.save(1, 0.0, trained_ensemble(1))
    assert list((tmp_path / "elsewhere").iterdir()) == []
