"""The lock files: everything that is installed is pinned, with hashes, and as requirements say."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.support.environment import PROJECT

# Their builds differ by index, so no one hash holds: see requirements.txt.
WITHOUT_HASH = {"torch", "torchvision"}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(name: str) -> dict[str, str]:
    """The versions that a requirements file names itself, by library."""
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    wanted = [Requirement(line.partition("#")[0]) for line in lines if re.match(r"[\w]", line)]
    assert all(str(pin.specifier).startswith("==") for pin in wanted)
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in wanted}


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    """What a lock file installs, and each one's hashes."""
    text = re.sub(r"^\s*#.*\n", "", (PROJECT / name).read_text("utf-8"), flags=re.M)
    entries = [entry.split() for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    parted = []
    for words in entries:
        hashes = [word for word in words if word.startswith("--hash=")]
        parted.append((Requirement(" ".join(words[: len(words) - len(hashes)])), hashes))
    return parted


def versions(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry, _ in locked(name):
        found.setdefault(canonicalize_name(entry.name), set()).add(str(entry.specifier)[2:])
    return found


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [
        ("requirements.txt", "requirements.lock"),
        ("requirements.txt", "requirements-dev.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ],
)
def test_every_pin_is_locked_in_the_same_version(requirements: str, lock: str) -> None:
    expected = {
        name: {version} for name, version in pins(requirements).items() if name not in WITHOUT_HASH
    }
    assert expected
    found = versions(lock)
    assert {name: found.get(name) for name in expected} == expected, "run `make lock`"


def test_the_development_lock_agrees_with_the_products() -> None:
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
def test_torch_and_what_its_builds_for_gpus_need_are_not_locked(lock: str) -> None:
    foreign = re.compile(r"torch(vision)?|nvidia-.*|cuda-.*|triton")
    assert [name for name in versions(lock) if foreign.fullmatch(name)] == []
    assert set(pins("requirements.txt")) >= WITHOUT_HASH


@pytest.mark.parametrize("lock", LOCKS)
def test_what_torch_needs_on_every_machine_is_locked(lock: str) -> None:
    # On the index of builds for CPUs it is installed without its dependencies.
    needed = {"filelock", "fsspec", "jinja2", "networkx", "setuptools", "sympy"}
    assert {*needed, "typing-extensions", "numpy", "pillow"} <= set(versions(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    text = (PROJECT / lock).read_text("utf-8")
    assert not re.search(r"https?://|file:|(^|\s)/|--(extra-)?index|--find-links", text, re.M)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_supported_python_gets_one_version_of_each_library(lock: str) -> None:
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


def test_nothing_but_the_requirements_and_the_locks_pins_a_library() -> None:
    for name in ("Makefile", "Dockerfile"):
        assert not re.search(r"==\s*\d", (PROJECT / name).read_text("utf-8"))
