"""Hostile runs with array names, links, FIFOs, sockets and folders that lead elsewhere."""

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tools.hostile_runs.draft import SECRET, Case, Draft, altered, written
from tools.sample_runs import OTHER_RUN

_FILES = ("array", "events.jsonl", "config.json", "lock", "arrays")


def _array_name(name: object) -> Case:
    def change(draft: Draft) -> None:
        draft.line("DreamsMade", 1)["arrays"] = name

    return altered(change)


def _absolute_array_name(draft: Draft) -> None:
    draft.line("DreamsMade", 1)["arrays"] = str(draft.outside / "secret.npz")


def _replaced(name: str, create: Callable[[Path, Draft], object]) -> Case:
    """Return a case that replaces a file or folder of the run; "array" is an array file."""

    def change(draft: Draft) -> None:
        path = draft.array_file() if name == "array" else draft.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        create(path, draft)

    return written(change)


def _link(target: str) -> Callable[[Path, Draft], object]:
    def create(path: Path, draft: Draft) -> None:
        path.symlink_to(target.format(outside=draft.outside, other=draft.folder.parent / OTHER_RUN))

    return create


def _fifo(path: Path, draft: Draft) -> None:
    os.mkfifo(path)


def _socket(path: Path, draft: Draft) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        working_directory = os.getcwd()
        os.chdir(path.parent)  # the path of a socket must be short
        server.bind(path.name)
        os.chdir(working_directory)


def _folder(path: Path, draft: Draft) -> None:
    path.mkdir()


def _linked_arrays(draft: Draft) -> None:
    arrays = draft.folder / "arrays"
    arrays.rename(draft.outside / "arrays")
    np.savez_compressed(draft.outside / "arrays" / draft.array_file().name, images=SECRET)
    arrays.symlink_to(draft.outside / "arrays")


def _linked_run(draft: Draft) -> None:
    moved = draft.outside / "run"
    draft.folder.rename(moved)
    draft.folder.symlink_to(moved)


FILES: Mapping[str, Case] = {
    "an absolute array name": altered(_absolute_array_name),
    "an array name that leaves the run": _array_name("../../../../outside/secret.npz"),
    "/dev/zero as array name": _array_name("/dev/zero"),
    "the array name of another line": _array_name("000001.npz"),
    "config.json as array name": _array_name("../config.json"),
    "an empty array name": _array_name(""),
    "an array name with a null": _array_name("000006.npz\0"),
    "a number as array name": _array_name(6),
    "an array name of 60,000 characters": _array_name("x" * 60_000),
    "a link as array": _replaced("array", _link("{outside}/secret.npz")),
    "a link as log": _replaced("events.jsonl", _link("{other}/events.jsonl")),
    "a link as config": _replaced("config.json", _link("{other}/config.json")),
    "a link to itself as log": _replaced("events.jsonl", _link("events.jsonl")),
    "a link to /dev/zero as array": _replaced("array", _link("/dev/zero")),
    "a link to /dev/zero as log": _replaced("events.jsonl", _link("/dev/zero")),
    "a link to /dev/zero as config": _replaced("config.json", _link("/dev/zero")),
    "a link as lock": _replaced("lock", _link("{outside}/secret.npz")),
    "a link as arrays folder": written(_linked_arrays),
    "a link as run folder": written(_linked_run),
    **{f"a FIFO as {name}": _replaced(name, _fifo) for name in _FILES},
    "a FIFO as heartbeat": _replaced("heartbeat.json", _fifo),
    "a FIFO as stop": _replaced("stop", _fifo),
    "a FIFO as checkpoints": _replaced("checkpoints", _fifo),
    "a socket as log": _replaced("events.jsonl", _socket),
    "a folder as log": _replaced("events.jsonl", _folder),
    "a folder as config": _replaced("config.json", _folder),
    "a folder as array": _replaced("array", _folder),
}
