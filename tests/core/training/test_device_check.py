"""`core.training.device_check`: an accelerator decides results only if it agrees with the CPU.

The accelerator is faked: torch reports a CUDA device, and `run_sample` returns or raises what each
test needs.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data import DatasetPair
from core.runs.events import NightStarted
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.support import devices
from core.support.errors import ConfigError
from core.training import device_check, night
from core.training.device_check import Sample, check_device, choose_device, compare, run_sample
from tests.conftest import ConfigFactory, events_of_type

pytestmark = pytest.mark.usefixtures("one_thread", "empty_cache")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(scope="module")
def reference(one_thread: int) -> Sample:
    return run_sample(CPU, exact=True)


def change(sample: Sample, **changes: Any) -> Sample:
    """Return a copy of ``sample`` with other losses or weights, or other measures of each seed."""
    of_sample = {name: value for name, value in changes.items() if hasattr(sample, name)}
    measures = {name: value for name, value in changes.items() if name not in of_sample}
    measured = tuple(
        dataclasses.replace(seed, **{k: v(getattr(seed, k)) for k, v in measures.items()})
        for seed in sample.measured
    )
    values = {name: value(getattr(sample, name)) for name, value in of_sample.items()}
    return dataclasses.replace(sample, measured=measured, **values)


# --- comparison ---


def test_equal_samples_agree(reference: Sample) -> None:
    assert compare(reference, reference) == ""


def test_measuring_in_bfloat16_is_within_the_tolerances(
    reference: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.evaluation.measure.has_bfloat16", lambda device: True)
    in_bfloat16 = run_sample(CPU)
    assert (in_bfloat16.measured[0].error != reference.measured[0].error).any()
    assert compare(reference, in_bfloat16) == ""


SMALL: dict[str, Callable[[Any], Any]] = {
    "losses": lambda losses: losses * (1 + 5e-4),
    "weights": lambda weights: weights + np.float32(2e-5),
    "error": lambda error: error * np.float32(1.02),
    "recall_error": lambda error: error * np.float32(0.98),
    "recalled": lambda recalled: np.concatenate([~recalled[:2], recalled[2:]]),
}
LARGE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "losses": (lambda losses: losses * 1.01, "the training loss: 0.01 (tolerance 0.001)"),
    "weights": (lambda weights: weights + np.float32(1e-3), "the weights: 1 (tolerance 0.05)"),
    "error": (lambda error: error * 1.1, "the reconstruction error: 0.1 (tolerance 0.03)"),
    "recall_error": (lambda error: error * 0.5, "the recall error: 0.5 (tolerance 0.03)"),
    "recalled": (lambda recalled: ~recalled, "the recall accuracy: 1 (tolerance 0.1)"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_difference_within_its_tolerance_agrees(name: str, reference: Sample) -> None:
    assert compare(reference, change(reference, **{name: SMALL[name]})) == ""


@pytest.mark.parametrize("name", LARGE)
def test_a_difference_beyond_its_tolerance_is_named_with_its_size(
    name: str, reference: Sample
) -> None:
    alter, expected = LARGE[name]
    failure = compare(reference, change(reference, **{name: alter}))
    assert failure == f"largest difference in {expected}"


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["losses", "weights", "error", "recall_error"])
def test_a_number_that_is_not_finite_never_agrees(
    name: str, number: float, reference: Sample
) -> None:
    def spoil(values: Any) -> Any:
        spoiled = values.copy()
        spoiled.flat[0] = number
        return spoiled

    assert compare(reference, change(reference, **{name: spoil})).endswith(
        f": inf (tolerance {0.001 if name == 'losses' else 0.05 if name == 'weights' else 0.03:g})"
    )


def test_the_sample_is_always_the_same(reference: Sample) -> None:
    torch.manual_seed(5)
    repeated = run_sample(CPU, exact=True)
    assert np.array_equal(repeated.losses, reference.losses)
    assert np.array_equal(repeated.weights, reference.weights)
    assert repeated.measured[0].recalled.mean() > 0.5  # enough recalls to compare


# --- check and choice ---


@dataclasses.dataclass
class FakeGpu:
    """A CUDA device whose sample is the CPU's, changed by ``behave``, which may also raise."""

    reference: Sample
    behave: Callable[[Sample], Sample] = lambda sample: sample
    checks: int = 0

    def run_sample(self, device: torch.device, *, exact: bool = False) -> Sample:
        if device.type == "cpu":
            return self.reference
        self.checks += 1
        return self.behave(self.reference)


@pytest.fixture
def gpu(reference: Sample, monkeypatch: pytest.MonkeyPatch) -> FakeGpu:
    fake = FakeGpu(reference)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Fake GPU")
    monkeypatch.setattr(device_check, "run_sample", fake.run_sample)
    return fake


def wrong(sample: Sample) -> Sample:
    return change(sample, losses=lambda losses: losses * 1.5)


def crash(sample: Sample) -> Sample:
    raise RuntimeError("CUDA error: an illegal instruction was encountered")


WRONG_NOTE = (
    "cuda: self-check failed: largest difference in the training loss: 0.5 (tolerance 0.001)"
)
CRASH_NOTE = "cuda: self-check failed: it raised RuntimeError"


def test_auto_uses_an_accelerator_that_passes(gpu: FakeGpu) -> None:
    assert choose_device("auto") == (CUDA, "")
    assert gpu.checks == 1


@pytest.mark.parametrize(("behave", "note"), [(wrong, WRONG_NOTE), (crash, CRASH_NOTE)])
def test_auto_falls_back_to_the_cpu_if_the_check_fails(
    behave: Callable[[Sample], Sample], note: str, gpu: FakeGpu
) -> None:
    gpu.behave = behave
    assert choose_device("auto") == (CPU, f"{note}; the CPU was used instead")


@pytest.mark.parametrize(("behave", "note"), [(wrong, WRONG_NOTE), (crash, CRASH_NOTE)])
def test_a_device_requested_by_name_is_used_with_a_note_if_the_check_fails(
    behave: Callable[[Sample], Sample], note: str, gpu: FakeGpu
) -> None:
    gpu.behave = behave
    assert choose_device("cuda") == (CUDA, note)


def test_a_device_requested_by_name_that_passes_has_no_note(gpu: FakeGpu) -> None:
    assert choose_device("cuda") == (CUDA, "")


def test_the_cpu_is_not_checked(gpu: FakeGpu) -> None:
    assert choose_device("cpu") == (CPU, "")
    assert gpu.checks == 0


def test_a_device_that_the_machine_lacks_raises_an_error() -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has an Apple GPU")
    with pytest.raises(ConfigError, match="device is 'mps', which this machine lacks"):
        choose_device("mps")


def test_a_long_error_message_is_shortened_to_what_a_log_allows(gpu: FakeGpu) -> None:
    def crash_at_length(sample: Sample) -> Sample:
        raise RuntimeError("x" * 10_000)

    gpu.behave = crash_at_length
    assert len(choose_device("auto").note) <= 500


# --- cache ---


@pytest.mark.parametrize("behave", [lambda sample: sample, wrong])
def test_the_outcome_of_a_comparison_is_read_from_the_cache(
    behave: Callable[[Sample], Sample], gpu: FakeGpu
) -> None:
    gpu.behave = behave
    first = check_device(CUDA)
    gpu.behave = crash  # a second check would fail differently
    assert check_device(CUDA) == first
    assert gpu.checks == 1


def test_a_crash_is_not_stored(gpu: FakeGpu) -> None:
    gpu.behave = crash
    assert check_device(CUDA)
    gpu.behave = lambda sample: sample
    assert check_device(CUDA) == ""
    assert gpu.checks == 2


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "torch": lambda patch: patch.setattr(torch, "__version__", "9.9"),
    "runtime": lambda patch: patch.setattr(torch.version, "cuda", "99.1"),
    "driver": lambda patch: patch.setattr(devices, "driver_version", lambda: "999.0"),
    "system": lambda patch: patch.setattr("platform.platform", lambda: "another system"),
    "device": lambda patch: patch.setattr(torch.cuda, "get_device_name", lambda device: "Other"),
    "check": lambda patch: patch.setattr(device_check, "CHECK_VERSION", 10_000),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_device_or_software_repeats_the_check(
    name: str, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_device("auto") == (CUDA, "")
    gpu.behave = wrong
    CHANGES[name](monkeypatch)
    assert choose_device("auto").device == CPU
    assert gpu.checks == 2


def test_a_damaged_cache_file_repeats_the_check(gpu: FakeGpu, empty_cache: Path) -> None:
    check_device(CUDA)
    (file,) = (empty_cache / "device-checks").iterdir()
    file.write_text(file.read_text().replace('"failure": ""', '"failure": "x"'))
    assert check_device(CUDA) == ""
    assert gpu.checks == 2


def test_a_cache_that_cannot_be_written_is_ignored(
    gpu: FakeGpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SLEEP_CACHE_DIR", str(tmp_path / "file"))
    assert [check_device(CUDA), check_device(CUDA)] == ["", ""]
    assert gpu.checks == 2


# --- the record of a night ---


def test_a_night_records_the_device_and_the_note(
    gpu: FakeGpu, short: ConfigFactory, small_pair: DatasetPair
) -> None:
    gpu.behave = wrong
    events = list(night.train(short(device="auto"), small_pair))
    (started,) = events_of_type(events, NightStarted)
    assert started.device == "cpu"  # a name that a resumed run can use
    assert started.device_note == f"{WRONG_NOTE}; the CPU was used instead"
    result = json.loads(json.dumps(summary(fold(RunState(), events))))
    assert (result["device"], result["device_note"]) == ("cpu", started.device_note)


def test_a_night_without_a_failed_check_has_an_empty_note(
    short: ConfigFactory, small_pair: DatasetPair
) -> None:
    (started,) = events_of_type(night.train(short(), small_pair), NightStarted)
    assert (started.device, started.device_note) == ("cpu", "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no NVIDIA GPU")
def test_an_nvidia_gpu_passes_its_check() -> None:
    assert check_device(CUDA) == ""
