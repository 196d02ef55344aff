"""The lock files: every installed library is pinned with hashes, in the required version."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.support.environment import PROJECT

# Their builds differ by index, so no single hash is valid: see requirements.txt.
WITHOUT_HASH = {"torch", "torchvision"}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(name: str) -> dict[str, str]:
    """Return the versions pinned in a requirements file, by library."""
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    requirements = [
        Requirement(line.partition("#")[0]) for line in lines if re.match(r"[\w]", line)
    ]
    assert all(str(pin.specifier).startswith("==") for pin in requirements)
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in requirements}


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    """Return the libraries in a lock file, each with its hashes."""
    text = re.sub(r"^\s*#.*\n", "", (PROJECT / name).read_text("utf-8"), flags=re.M)
    entries = [entry.split() for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    libraries = []
    for words in entries:
        hashes = [word for word in words if word.startswith("--hash=")]
        libraries.append((Requirement(" ".join(words[: len(words) - len(hashes)])), hashes))
    return libraries


def versions(name: str) -> dict[str, set[str]]:
    """Return the versions in a lock file, by library; several where they differ by platform."""
    by_library: dict[str, set[str]] = {}
    for entry, _ in locked(name):
        by_library.setdefault(canonicalize_name(entry.name), set()).add(str(entry.specifier)[2:])
    return by_library


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [
        ("requirements.txt", "requirements.lock"),
        ("requirements.txt", "requirements-dev.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ],
)
def test_the_lock_file_has_every_pin_in_the_same_version(requirements: str, lock: str) -> None:
    expected = {
        name: {version} for name, version in pins(requirements).items() if name not in WITHOUT_HASH
    }
    assert expected
    in_lock = versions(lock)
    assert {name: in_lock.get(name) for name in expected} == expected, "run `make lock`"


def test_both_lock_files_have_the_same_versions() -> None:
    development = versions("requirements-dev.lock")
    product = versions("requirements.lock")
    assert {name: development.get(name) for name in product} == product, "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_library_has_an_exact_version_and_hashes(lock: str) -> None:
    entries = locked(lock)
    assert entries
    for entry, hashes in entries:
        assert re.fullmatch(r"==[^*,]+", str(entry.specifier)), entry
        assert hashes, entry
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in hashes), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_file_has_neither_torch_nor_the_dependencies_of_its_gpu_builds(lock: str) -> None:
    excluded = re.compile(r"torch(vision)?|nvidia-.*|cuda-.*|triton")
    assert [name for name in versions(lock) if excluded.fullmatch(name)] == []
    assert set(pins("requirements.txt")) >= WITHOUT_HASH


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_file_has_the_dependencies_of_torch_on_every_machine(lock: str) -> None:
    # From the index of CPU builds, torch is installed without its dependencies.
    needed = {"filelock", "fsspec", "jinja2", "networkx", "setuptools", "sympy"}
    assert {*needed, "typing-extensions", "numpy", "pillow"} <= set(versions(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_index_and_no_path(lock: str) -> None:
    text = (PROJECT / lock).read_text("utf-8")
    assert not re.search(r"https?://|file:|(^|\s)/|--(extra-)?index|--find-links", text, re.M)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_supported_python_and_platform_has_one_version_of_each_library(lock: str) -> None:
    for minor in range(11, 15):
        for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")):
            environment = {
                "python_version": f"3.{minor}",
                "python_full_version": f"3.{minor}.1",
                "sys_platform": system,
                "platform_machine": machine,
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
            }
            chosen = [
                canonicalize_name(entry.name)
                for entry, _ in locked(lock)
                if entry.marker is None or entry.marker.evaluate(environment)
            ]
            assert len(chosen) == len(set(chosen))
            assert set(pins("requirements.txt")) - WITHOUT_HASH <= set(chosen)


def test_versions_are_pinned_only_in_the_requirements_and_the_lock_files() -> None:
    for name in ("Makefile", "Dockerfile"):
        assert not re.search(r"==\s*\d", (PROJECT / name).read_text("utf-8"))
