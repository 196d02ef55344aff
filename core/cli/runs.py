"""``runs``: list, show, delete, export, record, pin and prune runs."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core import jobs
from core.cli.results import check_writable, result_sentences
from core.cli.terminal import print_lines
from core.jobs.pins import pin, unpin
from core.jobs.retention import apply_removals, due_removals
from core.jobs.run_table import Row, run_details, run_rows
from core.jobs.wait_text import continuation_text, waiting_text
from core.runs.export import export
from core.runs.folder import find_changeable_run, find_run, runs_dir
from core.runs.recording import record_run
from core.support.errors import ConfigError
from core.support.text import printable

_HEADER = ("ID", "STATUS", "CYCLES", "SPLIT", "REM", "SEEDS", "SUBMITTED", "PERSON")
_SEEDS_SHOWN = 5


def runs(options: argparse.Namespace) -> None:
    """Execute the subcommand ``options.action``."""
    match options.action:
        case "list":
            _list(as_json=options.json)
        case "show":
            _show(options.id, as_json=options.json)
        case "delete":
            _delete(options.ids, confirm=not options.yes)
        case "export":
            _export(options.id, options.out)
        case "keep":
            print_lines(record_run(options.id, options.name))
        case "pin":
            pin(options.id)
            print_lines(f"run {options.id} is pinned; it is never removed to free disk space.")
        case "unpin":
            unpin(options.id)
            print_lines(f"run {options.id} is no longer pinned.")
        case "prune":
            _prune(dry_run=options.dry_run)


def _list(*, as_json: bool) -> None:
    rows = list(run_rows())
    if as_json:
        _print_json([row.values() for row in rows])
        return
    if not rows:
        print_lines(f"There are no runs in {runs_dir()} yet; `python -m core run` creates one.")
        return
    _print_table([_HEADER, *(_columns(row) for row in rows)])
    for row in rows:
        if row.problem is not None:
            print_lines(f"{row.run}: {row.problem}")


def _columns(row: Row) -> tuple[str, ...]:
    if row.record is None:
        return (row.run, row.status, *["?"] * (len(_HEADER) - 2))
    config = row.record.config
    seeds = " ".join(map(str, config.seeds[:_SEEDS_SHOWN]))
    return (
        row.run,
        f"{row.status}, pinned" if row.pinned else row.status,
        f"{row.cycles_done}/{config.num_cycles}",
        config.split,
        f"{config.start_fraction_rem:g} -> {config.end_fraction_rem:g}",
        seeds if len(config.seeds) <= _SEEDS_SHOWN else f"{seeds} ... ({len(config.seeds)})",
        _minute(row.record.submitted),
        row.record.person,
    )


def _print_table(lines: Sequence[Sequence[str]]) -> None:
    table = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def _show(run_id: str, *, as_json: bool) -> None:
    folder, now = find_run(run_id), jobs.state(run_id)
    record, details = folder.record(), run_details(folder, now)
    if as_json:
        _print_json(details)
        return
    config, finished = details["config"], details["cycles_done"]
    print_lines(
        f"run {run_id} is {details['status']}; {finished} of {config['num_cycles']} cycles are "
        "finished."
    )
    _print_table(
        [
            *_table_row("queue", waiting_text(now) if now.status == "queued" else None),
            *_table_row("next", continuation_text(now) if now.status == "interrupted" else None),
            *_table_row("problem", now.problem and now.problem.sentence),
            *_table_row("submitted", f"{_minute(record.submitted)} by {record.person}"),
            *_table_row(
                "seconds", None if now.state.seconds is None else f"{now.state.seconds:.1f}"
            ),
            *_table_row("pinned", "yes" if details["pinned"] else None),
            *_table_row("device", record.device),
            *_table_row("self-check", (now.state.night and now.state.night.device_note) or None),
            *_table_row("threads", record.threads),
            *_table_row("weights", record.weights and "{origin}, {file}".format(**record.weights)),
            *_table_row("sha-256", record.weights and record.weights["sha256"]),
            *_table_row(
                "versions", ", ".join(f"{name} {v}" for name, v in record.versions.items())
            ),
        ]
    )
    print_lines("settings")
    _print_table([(f"  {name}", _in_text(value)) for name, value in config.items()])
    print_lines(*result_sentences(now.state))


def _table_row(name: str, value: object) -> Iterable[tuple[str, str]]:
    """Return the row as the only element, or no element if ``value`` is None."""
    return [] if value is None else [(name, str(value))]


def _in_text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _minute(submitted: str) -> str:
    """Return an ISO 8601 time as "YYYY-MM-DD HH:MM"."""
    return submitted[:16].replace("T", " ")


def _delete(run_ids: Sequence[str], *, confirm: bool) -> None:
    if confirm and not sys.stdin.isatty():
        raise ConfigError(
            "deleting needs a confirmation, and standard input is no terminal; give --yes."
        )
    for run_id in run_ids:
        find_changeable_run(run_id)  # raises for a mistyped id before anything is deleted
    for run_id in run_ids:
        if not confirm or _is_confirmed(f"Delete run {run_id} and all its files? [y/N] "):
            jobs.delete(run_id)
            print_lines(f"run {run_id} is deleted.")


def _is_confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _prune(*, dry_run: bool) -> None:
    planned = due_removals()
    removals = planned if dry_run else list(apply_removals(planned))
    for removal in removals:
        print_lines(f"{'would remove' if dry_run else 'removed'} {removal}")
    freed = sum(removal.bytes for removal in removals) / 1e6
    print_lines(f"{freed:.1f} MB {'would be ' if dry_run else ''}freed.")


def _export(run_id: str, out: str | None) -> None:
    find_run(run_id)
    path = Path(f"{run_id}.zip" if out is None else out)
    check_writable("out", str(path))
    if path.exists():
        raise ConfigError(f"out is '{path}', which exists already; give another name.")
    export(run_id, path)
    print_lines(path)


def _print_json(values: Any) -> None:
    print(json.dumps(values, indent=1, allow_nan=False))
