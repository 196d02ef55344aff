"""Hostile runs with valid checksums, whose logs have impossible values, order or size."""

import zlib
from collections.abc import Mapping
from typing import Any

from tools.hostile_runs.draft import Case, Draft, altered, written

# Escape sequences of a terminal, characters that reverse text, and line breaks.
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u202c\r\n\u2028"
_HUGE = 10**40


def _million_lines(draft: Draft) -> None:
    text = '{"kind": "NightStopped"}'
    crc = 0
    with (draft.folder / "events.jsonl").open("w") as log:
        for _ in range(1_000_000):
            crc = zlib.crc32(text.encode(), crc)
            log.write(f'{text[:-1]}, "crc": "{crc:08x}"}}\n')


def _long_line(draft: Draft) -> None:
    draft.end_after("CycleDone")
    draft.insert(len(draft.lines), kind="NightFailed", sentence="x" * 100_000_000)


def _torn_line(draft: Draft) -> None:
    with (draft.folder / "events.jsonl").open("ab") as log:
        log.truncate(0)
        for _ in range(100):
            log.write(b"x" * 1_000_000)


def _with(kind: str, number: int = 0, **changes: Any) -> Case:
    """Return a case that changes fields of an event.

    ``dataset_1__error`` is a field of its scores.
    """

    def change(draft: Draft) -> None:
        for name, value in changes.items():
            record = draft.line(kind, number)
            *outer, field = name.split("__")
            for key in outer:
                record = record[key]
            record[field] = value

    return altered(change)


def _config(**changes: Any) -> Case:
    """Return a case that changes the config in the log; ``...`` removes a setting."""

    def change(draft: Draft) -> None:
        config = draft.line("NightStarted")["config"]
        config.update(changes)
        for name in [name for name, value in changes.items() if value is ...]:
            del config[name]

    return altered(change)


def _both_configs(**changes: Any) -> Case:
    def change(draft: Draft) -> None:
        draft.line("NightStarted")["config"].update(changes)
        draft.record["config"].update(changes)

    return altered(change)


def _without(kind: str) -> Case:
    return altered(lambda draft: draft.remove(kind))


def _twice(kind: str, number: int = 0) -> Case:
    return altered(lambda draft: draft.duplicate(kind, number))


def _with_line(index: int, /, **line: Any) -> Case:
    """Return a case that inserts a line; an ``index`` of -1 is the end of the log."""
    return altered(lambda draft: draft.insert(index % (len(draft.lines) + 1), **line))


def _ends_with(last_kind: str, /, **line: Any) -> Case:
    """Return a case whose log ends after the first event of a kind, followed by ``line``."""

    def change(draft: Draft) -> None:
        draft.end_after(last_kind)
        draft.insert(len(draft.lines), **line)

    return altered(change)


def _pretrained_again(draft: Draft) -> None:
    index = draft.index("CycleDone") + 1
    draft.insert(index, **_PRETRAINING, step=1)
    draft.insert(index + 1, kind="NightResumed", cycle=1, versions={})


def _equal_before_night(draft: Draft) -> None:
    line = draft.line("StageEvaluated")
    line["dataset_1"]["error"], line["dataset_2"]["error"] = [0.0], [5e-324]


_PRETRAINING = {
    "kind": "PretrainingAdvanced",
    "steps": 2,
    "epoch": 1,
    "epochs": 1,
    "loss": 1.0,
}
_REM_AGAIN = {"kind": "StageStarted", "cycle": 2, "stage": "REM", "epochs": 1, "steps": 2}
_HOSTILE_VERSIONS = {"torch": [ESCAPES]}

_SIZES: Mapping[str, Case] = {
    "a million lines": written(_million_lines),
    "a line of 100 MB": altered(_long_line),
    "a torn line of 100 MB": written(_torn_line),
}

_VALUES: Mapping[str, Case] = {
    "a loss of too few seeds": _with("EpochDone", total=[]),
    "a loss of too many seeds": _with("EpochDone", 1, kl=[1.0, 2.0]),
    "a loss larger than a float32": _with("EpochDone", total=[1e308]),
    "a measure of too few seeds": _with("StageEvaluated", dataset_1__error=[]),
    "a measure of too many seeds": _with("StageEvaluated", 1, dataset_2__recall_error=[1.0, 2.0]),
    "an error of 1e300": _with("StageEvaluated", dataset_1__error=[1e300]),
    "a negative error": _with("StageEvaluated", 1, dataset_1__error=[-5.0]),
    "the smallest possible difference": altered(_equal_before_night),
    "an accuracy of 7": _with("StageEvaluated", 1, dataset_1__recall_accuracy=[7.0]),
    "the smallest possible accuracies": _with(
        "StageEvaluated", dataset_1__recall_accuracy=[5e-324], dataset_2__recall_accuracy=[5e-324]
    ),
    "no test images": _with("StageEvaluated", dataset_1__images=0),
    "too many test images": _with("StageEvaluated", dataset_1__images=_HUGE),
    "a share of -5": _with("DreamsMade", old=[-5.0]),
    "a share of too few seeds": _with("DreamsMade", neither=[]),
    "too many classes": _with("DreamsMade", old_classes=[_HUGE]),
    "cycle 99": _with("StageEvaluated", 1, cycle=99),
    "cycle -1": _with("StageStarted", cycle=-1),
    "a huge cycle number": _with("CycleDone", cycle=_HUGE),
    "a stage of another name": _with("StageStarted", stage="LSD"),
    "a measurement of another stage": _with("StageEvaluated", 1, stage="after all"),
    "an epoch 0": _with("EpochDone", epoch=0),
    "an epoch beyond its stage": _with("EpochDone", epoch=50),
    "a stage of too many epochs": _with("StageStarted", epochs=7),
    "a stage of too many steps": _with("StageStarted", steps=_HUGE),
    "a night of -1 s": _with("NightDone", seconds=-1.0),
    "a night of 1e300 s": _with("NightDone", seconds=1e300),
    "a pre-training of no steps": _with_line(0, **_PRETRAINING | {"step": 1, "steps": 0}),
    "a pre-training beyond its steps": _with_line(
        0, **_PRETRAINING | {"step": _HUGE**10, "steps": 3}
    ),
    "a pre-training of -1 epochs": _with_line(0, **_PRETRAINING | {"step": 1, "epochs": -1}),
}

_ORDER: Mapping[str, Case] = {
    "no start of the night": _without("NightStarted"),
    "no measurement before the night": _without("StageEvaluated"),
    "no dreams": _without("DreamsMade"),
    "no end of a cycle": _without("CycleDone"),
    "a repeated measurement": _twice("StageEvaluated", 1),
    "a repeated end of a cycle": _twice("CycleDone"),
    "a repeated end of the night": _twice("NightDone"),
    "repeated cues": _twice("CuesShown"),
    "an end too early": _with_line(9, kind="NightDone", seconds=1.0),
    "only an end": _ends_with("NightStarted", kind="NightDone", seconds=1.0),
    "only the end of a cycle": _ends_with("NightStarted", kind="CycleDone", cycle=1),
    "a stage after the end": _with_line(-1, **_REM_AGAIN),
    "resumed after the end": _with_line(-1, kind="NightResumed", cycle=2, versions={}),
    "resumed without a night": _with_line(0, kind="NightResumed", cycle=0, versions={}),
    "resumed after cycle 9": _ends_with("CycleDone", kind="NightResumed", cycle=9, versions={}),
    "resumed after cycle -9": _ends_with("CycleDone", kind="NightResumed", cycle=-9, versions={}),
    "resumed by a hostile version": _ends_with(
        "CycleDone", kind="NightResumed", cycle=1, versions=_HOSTILE_VERSIONS
    ),
    "pre-trained again and resumed": altered(_pretrained_again),
}

_SETTINGS: Mapping[str, Case] = {
    "another config": _config(lr=0.5),
    "a config of more seeds": _config(seeds=[0, 1]),
    "a config of no seeds": _config(seeds=[]),
    "a config without seeds": _config(seeds=...),
    "a config without a mask": _config(mask=...),
    "a config of texts": _config(seeds=["\x1b[2J"], num="many"),
    "a config with an unknown setting": _config(dream="of electric sheep"),
    "an empty schedule": _with("NightStarted", cycles=[]),
    "cycles of no epochs": _with("NightStarted", cycles=[[0.5, 0, 0], [0.5, 0, 0]]),
    "cycles of -1 epochs": _with("NightStarted", cycles=[[0.5, -1, 3], [0.5, 1, 1]]),
    "cycles of too many epochs": _with("NightStarted", cycles=[[0.5, _HUGE, 1], [0.5, 1, 1]]),
    "100,000 cycles": _with("NightStarted", cycles=[[0.5, 1, 1]] * 100_000),
    "a REM fraction of 9": _with("NightStarted", cycles=[[9.0, 1, 1], [0.5, 1, 1]]),
    "100 seeds without values": _both_configs(seeds=list(range(100))),
}

_TEXTS: Mapping[str, Case] = {
    "escape sequences in the name of a dataset": _with("NightStarted", dataset_1=ESCAPES),
    "a formula in the name of a dataset": _with("NightStarted", dataset_2=r"$\nothing{$"),
    "escape sequences in a failure": _ends_with(
        "CycleDone", kind="NightFailed", sentence=f"it is {ESCAPES} over."
    ),
    "escape sequences in a kind": _with_line(3, kind=ESCAPES),
    "escape sequences in a field": _with_line(3, kind="CycleDone", cycle=1, **{ESCAPES: 1}),
}

LOGS: Mapping[str, Case] = {**_SIZES, **_VALUES, **_ORDER, **_SETTINGS, **_TEXTS}
