"""The hostile runs by name: what was made odd about each."""

import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tools.hostile_runs.draft import SECRET, Case, Draft

_BOMB_MB = 600
_ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m‮evil‬\r\n\u2028"
_HUGE = 10**40


def _before(change: Callable[[Draft], object]) -> Case:
    def case(draft: Draft) -> None:
        change(draft)
        draft.write()

    return case


def _after(change: Callable[[Draft], object]) -> Case:
    def case(draft: Draft) -> None:
        draft.write()
        change(draft)

    return case


# --- names and links ---


def _named(name: Any) -> Case:
    def change(draft: Draft) -> None:
        value = str(draft.outside / "secret.npz") if name is None else name
        draft.line("DreamsMade", 1)["arrays"] = value

    return _before(change)


def _instead(part: str, make: Callable[[Path, Draft], object]) -> Case:
    def change(draft: Draft) -> None:
        path = draft.array_file() if part == "array" else draft.folder / part
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        make(path, draft)

    return _after(change)


def _link(target: str) -> Callable[[Path, Draft], object]:
    def make(path: Path, draft: Draft) -> None:
        path.symlink_to(target.format(outside=draft.outside, other=draft.folder.parent / OTHER))

    return make


def _fifo(path: Path, draft: Draft) -> None:
    os.mkfifo(path)


def _socket(path: Path, draft: Draft) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.getcwd()
        os.chdir(path.parent)  # its name may be short only
        made.bind(path.name)
        os.chdir(here)


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


OTHER = "20260102-030406-ffffff"
PARTS = ("array", "events.jsonl", "config.json", "lock", "arrays")
LINKS: Mapping[str, Case] = {
    "an absolute array name": _named(None),
    "a climbing array name": _named("../../../../outside/secret.npz"),
    "/dev/zero as array name": _named("/dev/zero"),
    "another line's array name": _named("000001.npz"),
    "config.json as array name": _named("../config.json"),
    "no array name": _named(""),
    "an array name with a null": _named("000006.npz\0"),
    "a number as array name": _named(6),
    "an array name of 60,000 characters": _named("x" * 60_000),
    "a link as array": _instead("array", _link("{outside}/secret.npz")),
    "a link as log": _instead("events.jsonl", _link("{other}/events.jsonl")),
    "a link as config": _instead("config.json", _link("{other}/config.json")),
    "a link to itself as log": _instead("events.jsonl", _link("events.jsonl")),
    "a link to /dev/zero as array": _instead("array", _link("/dev/zero")),
    "a link to /dev/zero as log": _instead("events.jsonl", _link("/dev/zero")),
    "a link to /dev/zero as config": _instead("config.json", _link("/dev/zero")),
    "a link as lock": _instead("lock", _link("{outside}/secret.npz")),
    "a link as arrays folder": _after(_linked_arrays),
    "a link as run folder": _after(_linked_run),
    **{f"a FIFO as {part}": _instead(part, _fifo) for part in PARTS},
    "a FIFO as heartbeat": _instead("heartbeat.json", _fifo),
    "a FIFO as stop": _instead("stop", _fifo),
    "a FIFO as checkpoints": _instead("checkpoints", _fifo),
    "a socket as log": _instead("events.jsonl", _socket),
    "a folder as log": _instead("events.jsonl", _folder),
    "a folder as config": _instead("config.json", _folder),
    "a folder as array": _instead("array", _folder),
}

# --- archives ---


def _archive(make: Callable[[Path], object]) -> Case:
    return _after(lambda draft: make(draft.array_file()))


def _saved(**arrays: Any) -> Case:
    return _archive(lambda path: np.savez_compressed(path, **arrays))


def _header(
    descr: str = "|u1", shape: object = (1, 2, 28, 28), columns_first: bool = False
) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': {columns_first}, 'shape': {shape!r}, }}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _zipped(
    content: bytes = b"", name: str = "images.npy", how: int = zipfile.ZIP_DEFLATED, repeat: int = 1
) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", how) as archive, archive.open(name, "w") as file:
            for _ in range(repeat):
                file.write(content)

    return make


def _bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        file.write(_header(shape=(_BOMB_MB, 1_000_000)))
        for _ in range(_BOMB_MB):
            file.write(bytes(1_000_000))


def _many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"{number}.npy"), b"")


def _lying(path: Path) -> None:
    """Small as the table of contents says, and large."""
    _zipped(_header() + bytes(50_000_000))(path)
    content = path.read_bytes()
    place = content.rindex(b"PK\1\2")
    small = (1_696).to_bytes(4, "little")
    path.write_bytes(content[: place + 24] + small + content[place + 28 :])


def _encrypted(path: Path) -> None:
    _zipped(_header() + bytes(1_568))(path)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)


def _behind(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more" * 100)


_IMAGES = np.zeros((1, 2, 28, 28), np.uint8)
_LONG = b"\x93NUMPY\x02\x00" + (3_000_000_000).to_bytes(4, "little") + b"{" * 2_000
ARCHIVES: Mapping[str, Case] = {
    "a bomb as array": _archive(_bomb),
    "numbers of another type": _saved(images=_IMAGES.astype(float)),
    "a pickle as array": _saved(images=np.array([{1: 2}], dtype=object)),
    "more images than dreams": _saved(images=np.zeros((1, 90, 28, 28), np.uint8)),
    "images of another size": _saved(images=np.zeros((1, 2, 280, 280), np.uint8)),
    "images without an axis": _saved(images=_IMAGES[0]),
    "no images": _saved(images=_IMAGES[:, :0]),
    "one array too many": _saved(images=_IMAGES, more=_IMAGES),
    "an array of another name": _saved(pictures=_IMAGES),
    "60,000 arrays": _archive(_many),
    "a climbing array in the archive": _archive(_zipped(b"", "../../images.npy")),
    "a bzip2 archive": _archive(_zipped(_header() + bytes(1_568), how=zipfile.ZIP_BZIP2)),
    "an LZMA archive": _archive(_zipped(_header() + bytes(1_568), how=zipfile.ZIP_LZMA)),
    "a shape of a terabyte": _archive(_zipped(_header(shape=(10**12,)))),
    "a negative shape": _archive(_zipped(_header(shape=(1, -2, 28, 28)) + bytes(1_568))),
    "a shape that is a text": _archive(_zipped(_header(shape="x") + bytes(1_568))),
    "columns first": _archive(_zipped(_header(columns_first=True) + bytes(1_568))),
    "a description of 3 GB": _archive(_zipped(_LONG)),
    "less data than its shape says": _archive(_zipped(_header() + bytes(15))),
    "an archive that lies about its size": _archive(_lying),
    "an encrypted archive": _archive(_encrypted),
    "an archive with more behind it": _archive(_behind),
    "an empty archive": _archive(lambda path: path.write_bytes(b"")),
    "an array file of 300 MB": _archive(lambda path: os.truncate(path, 300_000_000)),
}

# --- logs ---


def _million(draft: Draft) -> None:
    text = '{"kind": "NightStopped"}'
    draft.write()

    crc = 0
    with (draft.folder / "events.jsonl").open("w") as log:
        for _ in range(1_000_000):
            crc = zlib.crc32(text.encode(), crc)
            log.write(f'{text[:-1]}, "crc": "{crc:08x}"}}\n')


def _long_line(draft: Draft) -> None:
    draft.cut("CycleDone")
    draft.put(len(draft.lines), kind="NightFailed", sentence="x" * 100_000_000)
    draft.write()


def _torn(draft: Draft) -> None:
    with (draft.folder / "events.jsonl").open("ab") as log:
        log.truncate(0)
        for _ in range(100):
            log.write(b"x" * 1_000_000)


def _set(kind: str, number: int = 0, **changes: Any) -> Case:
    """Change fields of an event; ``dataset_1__error`` is one in its scores."""

    def change(draft: Draft) -> None:
        for name, value in changes.items():
            line = draft.line(kind, number)
            *parts, last = name.split("__")
            for part in parts:
                line = line[part]
            line[last] = value

    return _before(change)


def _config(**changes: Any) -> Case:
    def change(draft: Draft) -> None:
        config = draft.line("NightStarted")["config"]
        config.update(changes)
        for name in [name for name, value in changes.items() if value is ...]:
            del config[name]

    return _before(change)


def _both_configs(**changes: Any) -> Case:
    def change(draft: Draft) -> None:
        draft.line("NightStarted")["config"].update(changes)
        draft.record["config"].update(changes)

    return _before(change)


def _do(method: str, kind: str, number: int = 0) -> Case:
    return _before(lambda draft: getattr(draft, method)(kind, number))


def _insert(place: int, /, **line: Any) -> Case:
    return _before(lambda draft: draft.put(place % (len(draft.lines) + 1), **line))


def _cut_and_insert(behind: str, number: int, /, **line: Any) -> Case:
    def change(draft: Draft) -> None:
        draft.cut(behind, number)
        draft.put(len(draft.lines), **line)

    return _before(change)


def _trained_again(draft: Draft) -> None:
    place = draft.place("CycleDone") + 1
    draft.put(place, kind="PretrainingAdvanced", step=1, steps=2, epoch=1, epochs=1, loss=1.0)
    draft.put(place + 1, kind="NightResumed", cycle=1, versions={})


def _equal_before(draft: Draft) -> None:
    line = draft.line("StageEvaluated")
    line["dataset_1"]["error"], line["dataset_2"]["error"] = [0.0], [5e-324]


_TRAINED = {"kind": "PretrainingAdvanced", "steps": 2, "epoch": 1, "epochs": 1, "loss": 1.0}
LOGS: Mapping[str, Case] = {
    "a million lines": _million,
    "a line of 100 MB": _long_line,
    "a torn line of 100 MB": _after(_torn),
    "a loss of too few seeds": _set("EpochDone", total=[]),
    "a loss of too many seeds": _set("EpochDone", 1, kl=[1.0, 2.0]),
    "a loss beyond floats": _set("EpochDone", total=[1e308]),
    "a measure of too few seeds": _set("StageEvaluated", dataset_1__error=[]),
    "a measure of too many seeds": _set("StageEvaluated", 1, dataset_2__recall_error=[1.0, 2.0]),
    "an error of 1e300": _set("StageEvaluated", dataset_1__error=[1e300]),
    "a negative error": _set("StageEvaluated", 1, dataset_1__error=[-5.0]),
    "the smallest of all differences": _before(_equal_before),
    "an accuracy of 7": _set("StageEvaluated", 1, dataset_1__recall_accuracy=[7.0]),
    "the smallest of all accuracies": _set(
        "StageEvaluated", dataset_1__recall_accuracy=[5e-324], dataset_2__recall_accuracy=[5e-324]
    ),
    "no test images": _set("StageEvaluated", dataset_1__images=0),
    "too many test images": _set("StageEvaluated", dataset_1__images=_HUGE),
    "a share of -5": _set("DreamsMade", old=[-5.0]),
    "a share of too few seeds": _set("DreamsMade", neither=[]),
    "too many classes": _set("DreamsMade", old_classes=[_HUGE]),
    "cycle 99": _set("StageEvaluated", 1, cycle=99),
    "cycle -1": _set("StageStarted", cycle=-1),
    "a cycle beyond all numbers": _set("CycleDone", cycle=_HUGE),
    "a stage of another name": _set("StageStarted", stage="LSD"),
    "a measure of another stage": _set("StageEvaluated", 1, stage="after all"),
    "an epoch 0": _set("EpochDone", epoch=0),
    "an epoch beyond its stage": _set("EpochDone", epoch=50),
    "a stage of too many epochs": _set("StageStarted", epochs=7),
    "a stage of too many steps": _set("StageStarted", steps=_HUGE),
    "no beginning": _do("drop", "NightStarted"),
    "no measure before the night": _do("drop", "StageEvaluated"),
    "no dreams": _do("drop", "DreamsMade"),
    "no end of a cycle": _do("drop", "CycleDone"),
    "two measures": _do("double", "StageEvaluated", 1),
    "two ends of a cycle": _do("double", "CycleDone"),
    "two ends of the night": _do("double", "NightDone"),
    "cues in the middle": _do("double", "CuesShown"),
    "an end too early": _insert(9, kind="NightDone", seconds=1.0),
    "only an end": _cut_and_insert("NightStarted", 0, kind="NightDone", seconds=1.0),
    "only the end of a cycle": _cut_and_insert("NightStarted", 0, kind="CycleDone", cycle=1),
    "more behind the end": _insert(
        -1, kind="StageStarted", cycle=2, stage="REM", epochs=1, steps=2
    ),
    "resumed behind the end": _insert(-1, kind="NightResumed", cycle=2, versions={}),
    "resumed without a night": _insert(0, kind="NightResumed", cycle=0, versions={}),
    "resumed after cycle 9": _cut_and_insert(
        "CycleDone", 0, kind="NightResumed", cycle=9, versions={}
    ),
    "resumed after cycle -9": _cut_and_insert(
        "CycleDone", 0, kind="NightResumed", cycle=-9, versions={}
    ),
    "resumed by a hostile version": _cut_and_insert(
        "CycleDone", 0, kind="NightResumed", cycle=1, versions={"torch": [_ESCAPES]}
    ),
    "pre-trained again and resumed": _before(_trained_again),
    "a pre-training of no steps": _insert(0, **{**_TRAINED, "step": 1, "steps": 0}),
    "a pre-training beyond all steps": _insert(0, **{**_TRAINED, "step": _HUGE**10, "steps": 3}),
    "a pre-training of -1 epochs": _insert(0, **{**_TRAINED, "step": 1, "epochs": -1}),
    "a night of -1 s": _set("NightDone", seconds=-1.0),
    "a night of 1e300 s": _set("NightDone", seconds=1e300),
    "another config": _config(lr=0.5),
    "a config of more seeds": _config(seeds=[0, 1]),
    "a config of no seeds": _config(seeds=[]),
    "a config without seeds": _config(seeds=...),
    "a config without a mask": _config(mask=...),
    "a config of texts": _config(seeds=["\x1b[2J"], num="many"),
    "a config with more": _config(dream="of electric sheep"),
    "cycles that are none": _set("NightStarted", cycles=[]),
    "cycles of no epochs": _set("NightStarted", cycles=[[0.5, 0, 0], [0.5, 0, 0]]),
    "cycles of -1 epochs": _set("NightStarted", cycles=[[0.5, -1, 3], [0.5, 1, 1]]),
    "cycles beyond all epochs": _set("NightStarted", cycles=[[0.5, _HUGE, 1], [0.5, 1, 1]]),
    "100,000 cycles": _set("NightStarted", cycles=[[0.5, 1, 1]] * 100_000),
    "a share of REM of 9": _set("NightStarted", cycles=[[9.0, 1, 1], [0.5, 1, 1]]),
    "100 seeds that are not told of": _both_configs(seeds=list(range(100))),
    "a name of a dataset that steers terminals": _set("NightStarted", dataset_1=_ESCAPES),
    "a name of a dataset that is a formula": _set("NightStarted", dataset_2=r"$\nothing{$"),
    "a failure that steers terminals": _cut_and_insert(
        "CycleDone", 0, kind="NightFailed", sentence=f"it is {_ESCAPES} over."
    ),
    "a kind that steers terminals": _insert(3, kind=_ESCAPES),
    "a field that steers terminals": _insert(3, kind="CycleDone", cycle=1, **{_ESCAPES: 1}),
}

# --- records ---


def _record(**changes: Any) -> Case:
    def change(draft: Draft) -> None:
        draft.record.update(changes)
        for name in [name for name, value in changes.items() if value is ...]:
            del draft.record[name]

    return _before(change)


def _in_record(**changes: Any) -> Case:
    return _before(lambda draft: draft.record["config"].update(changes))


def _large_record(draft: Draft) -> None:
    path = draft.folder / "config.json"
    path.write_bytes(b" " * 50_000_000 + path.read_bytes())


_USED = {"origin": "cached", "file": "x", "sha256": "00"}
RECORDS: Mapping[str, Case] = {
    "person 5": _record(person=5),
    "a person who steers terminals": _record(person=_ESCAPES),
    "half a character as person": _record(person="\ud800"),
    "a person of 100,000 characters": _record(person="x" * 100_000),
    "threads 'many'": _record(threads="many"),
    "a billion threads": _record(threads=10**9),
    "submitted 5": _record(submitted=5),
    "submitted yesterday": _record(submitted=f"yesterday{_ESCAPES}"),
    "versions in a list": _record(versions=["torch"]),
    "versions of numbers": _record(versions={"torch": 2}),
    "versions that steer terminals": _record(versions={"torch": _ESCAPES}),
    "weights 5": _record(weights=5),
    "weights without keys": _record(weights={}),
    "weights that are no texts": _record(weights={**_USED, "origin": [1]}),
    "weights that steer terminals": _record(weights={**_USED, "file": _ESCAPES}),
    "device 5": _record(device=5),
    "the record of another run": _record(run=OTHER),
    "a record without a person": _record(person=...),
    "a record without a config": _record(config=...),
    "a record with more": _record(**{_ESCAPES: 1}),
    "a record of schema 99": _record(schema=99),
    "a schema that steers terminals": _record(schema=_ESCAPES),
    "a config that is none": _record(config=[1]),
    "a split that steers terminals": _in_record(split=_ESCAPES),
    "a million seeds": _in_record(seeds=list(range(100_000))),
    "a record of other seeds": _in_record(seeds=[7, 8]),
    "a record of 50 MB": _after(_large_record),
    "a record that is nested too deep": _after(
        lambda draft: (draft.folder / "config.json").write_text("[" * 500_000)
    ),
    "a record that is no text": _after(
        lambda draft: (draft.folder / "config.json").write_bytes(b"\xff" * 100)
    ),
}

CASES: Mapping[str, Case] = {**LINKS, **ARCHIVES, **LOGS, **RECORDS}
