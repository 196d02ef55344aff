"""A run as one zip file: what it was asked, all it has told, and its numbers as tables."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from core.runs.arrays import files_of
from core.runs.folder import RunFolder, find_run
from core.runs.log import ARRAYS, LOG, RunReader
from core.runs.measures import MEASURES, Memory
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.support.files import MAX_JSON_BYTES, atomic_file, read_bytes

_RESULTS = (
    "seed",
    "cycle",
    "stage",
    "dataset",
    "images",
    *MEASURES,
)
_LOSSES = ("seed", "cycle", "stage", "epoch", "total", "reconstruction", "kl")


def export(run_id: str, path: Path) -> None:
    """Write the run as a zip to ``path``, whole or not at all.

    It holds config.json, events.jsonl and its arrays, results.csv (a row for each seed, measure
    and dataset), losses.csv (a row for each seed and epoch, in nats an image), and for a night
    that is done results.json and night.pdf. Raises `RunError` for what is not a run, `LogError`
    for a damaged one, and OSError where ``path`` cannot be written.
    """
    folder = find_run(run_id)
    with atomic_file(path) as file:
        write_zip(folder, file)


def write_zip(folder: RunFolder, target: Path | IO[bytes]) -> None:
    """Write the zip that `export` describes to a path or an open file."""
    record = folder.record()  # for a damaged one is no export
    reader = RunReader(folder.path, record.config)
    events = reader.read()
    state = fold(RunState(), events)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.writestr(folder.record_file.name, read_bytes(folder.record_file, MAX_JSON_BYTES))
        with archive.open(LOG, "w") as log:
            # A night under way writes on meanwhile: its log ends where it was read to.
            reader.copy(log)
        # Only what the log names: who knows what else lies there, and where it would lead.
        for name, array in sorted(files_of(events).items()):
            with archive.open(f"{ARRAYS}/{name}", "w") as file:
                array.copy(file)
        archive.writestr("results.csv", _table(_RESULTS, _results(state)))
        archive.writestr("losses.csv", _table(_LOSSES, _losses(state)))
        if state.outcome == "done":
            archive.writestr("results.json", json.dumps(summary(state), indent=1, allow_nan=False))
            from core.runs.report import pdf_of  # it takes a second

            archive.writestr("night.pdf", pdf_of(state))


def _results(state: RunState) -> Iterator[tuple[Any, ...]]:
    for stage in state.stages:
        for memory in Memory:
            scores = memory.scores(stage)
            columns = (measure.values(scores) for measure in MEASURES.values())
            for seed, *values in zip(_seeds(state), *columns, strict=True):
                yield seed, stage.cycle, stage.stage, memory.number, scores.images, *values


def _losses(state: RunState) -> Iterator[tuple[Any, ...]]:
    for epoch in state.losses:
        columns = (epoch.total, epoch.reconstruction, epoch.kl)
        for seed, *values in zip(_seeds(state), *columns, strict=True):
            yield seed, epoch.cycle, epoch.stage, epoch.epoch, *values


def _seeds(state: RunState) -> list[int]:
    return list(state.night.config["seeds"]) if state.night else []


def _table(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
