"""`core.model.weights`: safetensors files, their records and errors that name the tensor."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.model.vae import VAE, initialise
from core.model.weights import (
    load_vae,
    load_weights,
    record_path,
    save_weights,
    shipped_path,
    user_cache_path,
)
from core.support.errors import WeightsError
from core.support.random_streams import Purpose, random_stream

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def vae() -> VAE:
    vae = VAE(5)
    initialise(vae, random_stream(3, Purpose.INITIAL_WEIGHTS))
    return vae


@pytest.fixture
def path(vae: VAE, tmp_path: Path) -> Path:
    path = tmp_path / "some.safetensors"
    save_weights(vae, path, {"source": "test"})
    return path


def change(path: Path, **changes: Tensor | None) -> None:
    """Replace, add or (with None) remove tensors of a file; ``__`` in a name means a dot."""
    tensors: dict[str, Tensor | None] = {**load_file(path)}
    tensors |= {name.replace("__", "."): tensor for name, tensor in changes.items()}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)


def error_message(path: Path) -> str:
    """Return the sentence of the error that loading ``path`` raises."""
    with pytest.raises(WeightsError) as caught:
        load_vae(path, 5)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_weights_survive_saving_and_loading_bit_for_bit(vae: VAE, path: Path) -> None:
    loaded = load_vae(path, 5)
    for name, tensor in vae.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_weights_of_a_channels_last_model_survive_saving_and_loading(
    vae: VAE, tmp_path: Path
) -> None:
    path = tmp_path / "channels-last.safetensors"
    save_weights(vae.to(memory_format=torch.channels_last), path, {})
    for name, tensor in vae.state_dict().items():
        assert torch.equal(load_vae(path, 5).state_dict()[name], tensor)


def test_the_record_holds_the_hash_of_the_weights_file(path: Path) -> None:
    record = json.loads(record_path(path).read_text(encoding="utf-8"))
    assert record == {
        "source": "test",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "some.json",
        "some.safetensors",
    ]


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    assert "no such file" in error_message(tmp_path / "absent.safetensors")


def test_a_folder_is_rejected(tmp_path: Path) -> None:
    error_message(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0", b"not weights at all", bytes(200), b"\xff" * 64])
def test_the_error_for_a_damaged_file_names_the_expected_format(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    assert "expected a safetensors file" in error_message(path) or content == b""


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_rejected(fraction: float, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    assert "expected a safetensors file" in error_message(path)


@pytest.mark.parametrize("kind", ["FIFO", "/dev/zero", "huge"])
def test_a_huge_file_or_one_that_is_not_regular_is_rejected(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "special.safetensors"
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "huge":
        path.touch()
        os.truncate(path, 10**12)
    else:
        path.symlink_to(kind)
    sentence = error_message(path)
    reason = (
        "1,000,000,000,000 bytes, of which at most 64,000,000"
        if kind == "huge"
        else "not a regular file"
    )
    assert f"cannot be read ({reason}" in sentence


def test_a_symbolic_link_to_a_weights_file_is_followed(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.safetensors"
    link.symlink_to(path)
    assert load_vae(link, 5).latent_dim == 5


def test_a_link_to_itself_is_rejected(tmp_path: Path) -> None:
    link = tmp_path / "link.safetensors"
    link.symlink_to(link)
    error_message(link)


def test_the_error_for_a_file_with_many_tensors_is_short(path: Path) -> None:
    change(
        path, encoder__dense1__bias=None, **{f"extra{n:04d}": torch.zeros(1) for n in range(2_000)}
    )
    assert len(error_message(path)) < 2_000


def test_the_error_for_a_missing_tensor_names_it_and_its_shape(path: Path) -> None:
    change(path, encoder__dense1__bias=None)
    sentence = error_message(path)
    assert "'encoder.dense1.bias' of shape [16] was expected and is missing" in sentence


def test_the_error_for_a_wrong_shape_names_both_shapes(path: Path) -> None:
    change(path, decoder__dense__weight=torch.zeros(3136, 7))
    sentence = error_message(path)
    assert "'decoder.dense.weight'" in sentence
    assert "expected with shape [3136, 5]" in sentence
    assert "found with shape [3136, 7]" in sentence


def test_the_error_for_a_wrong_latent_dim_names_the_setting(path: Path) -> None:
    with pytest.raises(WeightsError, match=r"expected with shape \[10.*found .*latent_dim is 10"):
        load_vae(path, 10)


def test_the_error_for_an_unexpected_tensor_names_it(path: Path) -> None:
    change(path, encoder__dense3__weight=torch.zeros(2))
    assert "'encoder.dense3.weight' was not expected" in error_message(path)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_a_tensor_that_is_not_floating_point_is_rejected(dtype: torch.dtype, path: Path) -> None:
    change(path, encoder__mean__bias=torch.ones(5).to(dtype))
    sentence = error_message(path)
    assert "'encoder.mean.bias' was expected as floating point" in sentence
    assert str(dtype) in sentence


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_tensor_with_nan_or_infinity_is_rejected(value: float, path: Path) -> None:
    bias = torch.zeros(64)
    bias[7] = value
    change(path, encoder__conv2__bias=bias)
    assert "'encoder.conv2.bias' was expected with finite numbers" in error_message(path)


def test_a_number_too_large_for_float32_is_rejected(path: Path) -> None:
    change(path, encoder__mean__bias=torch.full((5,), 1e300, dtype=torch.float64))
    assert "'encoder.mean.bias' was expected with finite numbers" in error_message(path)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn]
)
def test_tensors_of_any_float_type_are_converted_to_float32(dtype: torch.dtype, path: Path) -> None:
    change(path, encoder__mean__bias=torch.full((5,), 0.5).to(dtype))
    loaded = load_vae(path, 5)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert loaded.encoder.mean.bias.tolist() == [0.5] * 5


def test_a_rejected_file_does_not_change_the_model(vae: VAE, path: Path) -> None:
    change(path, decoder__conv3__bias=None, encoder__conv1__bias=torch.ones(32))
    with pytest.raises(WeightsError):
        load_weights(vae, path)
    assert not vae.encoder.conv1.bias.any()


def test_a_flipped_bit_gives_a_weights_error_or_finite_weights(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    save_weights(nn.Linear(3, 2), path, {})
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    rejected = 0
    for index in range(len(content)):
        flipped = content[index] ^ (1 << int(rng.integers(8)))
        path.write_bytes(content[:index] + bytes([flipped]) + content[index + 1 :])
        model = nn.Linear(3, 2)
        try:
            load_weights(model, path)
        except WeightsError as error:
            rejected += str(path) in str(error)
        else:
            assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert rejected > 50


def test_weights_pre_trained_with_different_settings_have_different_names(
    empty_cache: Path,
) -> None:
    paths = {
        user_cache_path(split, latent_dim, source, seed)
        for split in ("inverted", "digits")
        for latent_dim in (2, 5)
        for source in ("bundled", "mnist")
        for seed in (0, 1)
    }
    assert len(paths) == 16
    assert all(empty_cache in path.parents for path in paths)


def test_included_weights_are_named_by_split_and_latent_dim() -> None:
    assert shipped_path("inverted", 5).name == "vae-inverted-5.safetensors"
    assert shipped_path("inverted", 5).parent.name == "cached_weights"
