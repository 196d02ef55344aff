"""Hostile runs whose ``config.json`` has impossible fields, form or size."""

from collections.abc import Mapping
from typing import Any

from tools.hostile_runs.draft import Case, Draft, altered, written
from tools.hostile_runs.logs import ESCAPES
from tools.sample_runs import OTHER_RUN


def _record(**changes: Any) -> Case:
    """Return a case that changes fields of the record; ``...`` removes a field."""

    def change(draft: Draft) -> None:
        draft.record.update(changes)
        for name in [name for name, value in changes.items() if value is ...]:
            del draft.record[name]

    return altered(change)


def _config(**changes: Any) -> Case:
    return altered(lambda draft: draft.record["config"].update(changes))


def _replaced(content: bytes) -> Case:
    return written(lambda draft: (draft.folder / "config.json").write_bytes(content))


def _large_record(draft: Draft) -> None:
    path = draft.folder / "config.json"
    path.write_bytes(b" " * 50_000_000 + path.read_bytes())


_WEIGHTS = {"origin": "cached", "file": "x", "sha256": "00"}

RECORDS: Mapping[str, Case] = {
    "person 5": _record(person=5),
    "escape sequences in the person": _record(person=ESCAPES),
    "half a character as person": _record(person="\ud800"),
    "a person of 100,000 characters": _record(person="x" * 100_000),
    "threads 'many'": _record(threads="many"),
    "a billion threads": _record(threads=10**9),
    "submitted 5": _record(submitted=5),
    "submitted yesterday": _record(submitted=f"yesterday{ESCAPES}"),
    "versions in a list": _record(versions=["torch"]),
    "versions that are numbers": _record(versions={"torch": 2}),
    "escape sequences in a version": _record(versions={"torch": ESCAPES}),
    "weights 5": _record(weights=5),
    "weights without keys": _record(weights={}),
    "weights with a list": _record(weights={**_WEIGHTS, "origin": [1]}),
    "escape sequences in the weights": _record(weights={**_WEIGHTS, "file": ESCAPES}),
    "device 5": _record(device=5),
    "the record of another run": _record(run=OTHER_RUN),
    "a record without a person": _record(person=...),
    "a record without a config": _record(config=...),
    "a record with an unknown field": _record(**{ESCAPES: 1}),
    "a record of schema 99": _record(schema=99),
    "escape sequences in the schema": _record(schema=ESCAPES),
    "a list as config": _record(config=[1]),
    "escape sequences in the split": _config(split=ESCAPES),
    "100,000 seeds": _config(seeds=list(range(100_000))),
    "a record of other seeds": _config(seeds=[7, 8]),
    "a record of 50 MB": written(_large_record),
    "a record with deep nesting": _replaced(b"[" * 500_000),
    "a record that is not UTF-8": _replaced(b"\xff" * 100),
}
