"""Export a run as one zip file: its record, its log with arrays, and its results as tables."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from core.runs.arrays import array_files
from core.runs.folder import RunFolder, find_run
from core.runs.log import ARRAYS, LOG, RunReader
from core.runs.measures import MEASURES, Memory
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.support.files import MAX_JSON_BYTES, atomic_file, read_bytes

_RESULTS_COLUMNS = ("seed", "cycle", "stage", "dataset", "images", *MEASURES)
_LOSSES_COLUMNS = ("seed", "cycle", "stage", "epoch", "total", "reconstruction", "kl")


def export(run_id: str, path: Path) -> None:
    """Write a run as a zip file to ``path``, atomically.

    The zip file holds config.json, events.jsonl and its arrays, results.csv (one row per seed,
    measurement and dataset), losses.csv (one row per seed and epoch, in nats per image), and for a
    finished night results.json and night.pdf. Raises `RunError` if there is no such run,
    `LogError` if it is damaged, and OSError if ``path`` cannot be written.
    """
    folder = find_run(run_id)
    with atomic_file(path) as file:
        write_zip(folder, file)


def write_zip(folder: RunFolder, target: Path | IO[bytes]) -> None:
    """Write the zip file that `export` describes to a path or an open file."""
    record = folder.record()  # raises LogError if it is damaged
    reader = RunReader(folder.path, record.config)
    events = reader.read()
    state = fold(RunState(), events)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.writestr(folder.record_file.name, read_bytes(folder.record_file, MAX_JSON_BYTES))
        with archive.open(LOG, "w") as log:
            # A running night appends meanwhile; the copy ends where the reader did.
            reader.copy(log)
        # Only files that the log names: others may be links to files outside the run.
        for name, array in sorted(array_files(events).items()):
            with archive.open(f"{ARRAYS}/{name}", "w") as file:
                array.copy(file)
        archive.writestr("results.csv", _table(_RESULTS_COLUMNS, _result_rows(state)))
        archive.writestr("losses.csv", _table(_LOSSES_COLUMNS, _loss_rows(state)))
        if state.outcome == "done":
            archive.writestr("results.json", json.dumps(summary(state), indent=1, allow_nan=False))
            from core.runs.report import pdf_bytes  # Matplotlib takes a second to import

            archive.writestr("night.pdf", pdf_bytes(state))


def _result_rows(state: RunState) -> Iterator[tuple[Any, ...]]:
    for stage in state.stages:
        for memory in Memory:
            scores = memory.scores(stage)
            columns = (measure.values(scores) for measure in MEASURES.values())
            for seed, *values in zip(_seeds(state), *columns, strict=True):
                yield seed, stage.cycle, stage.stage, memory.number, scores.images, *values


def _loss_rows(state: RunState) -> Iterator[tuple[Any, ...]]:
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
