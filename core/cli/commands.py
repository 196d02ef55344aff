"""What each command does with its options."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.config import RunConfig, chosen_split
from core.data import load_pair
from core.errors import ConfigError
from core.events import Event
from core.files import write_text
from core.measures import interval
from core.progress import with_progress
from core.reader_training import train_reader_to_file
from core.recipe import Recipe
from core.replay import RunState, fold
from core.report import write_pdf
from core.results import summary
from core.starting import pretrain_to_file
from core.store import RunLog
from core.training import train
from core.weights import own_path

_CONFIG = [field.name for field in fields(RunConfig) if field.name != "split"]


def run(options: argparse.Namespace) -> None:
    """Sleep one night and write its numbers where the options say."""
    config = RunConfig(split=_split(options), **{name: getattr(options, name) for name in _CONFIG})
    for name in ("json", "pdf"):
        _check_writable(name, getattr(options, name))
    events = with_progress(train(config))
    if options.log is not None:
        events = _logged(events, Path(options.log))
    state = fold(RunState(), events)
    result = summary(state)
    if options.pdf is not None:
        write_pdf(state, Path(options.pdf))
    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
    if options.json == "-":
        sys.stdout.write(text)
        return
    if options.json is not None:
        write_text(Path(options.json), text)
    for key, role in (("dataset_1", "old"), ("dataset_2", "new")):
        print(_in_words(result[key], role))


def pretrain(options: argparse.Namespace) -> None:
    """Train weights; interrupted, it leaves a checkpoint that the same command goes on from."""
    split = _split(options)
    recipe = Recipe(options.latent_dim, options.seed, max_epochs=options.max_epochs)
    path = (
        own_path(split, recipe.latent_dim, options.data, recipe.seed)
        if options.out is None
        else Path(options.out)
    )
    _check_writable("out", options.out)
    pair = load_pair(split, options.data)
    try:
        for _ in with_progress(pretrain_to_file(pair, recipe, path), "pre-training"):
            pass
    except KeyboardInterrupt:
        print("Finished epochs are kept; the same command goes on from there.", file=sys.stderr)
        raise
    print(path)


def train_reader(options: argparse.Namespace) -> None:
    """Train a digit reader."""
    _check_writable("out", options.out)
    pair = load_pair("inverted", options.data)
    training = train_reader_to_file(pair, options.seed, Path(options.out))
    for _ in with_progress(training, "training the reader"):
        pass
    print(options.out)


def _split(options: argparse.Namespace) -> str:
    given = vars(options)
    return chosen_split(given.get("inverted"), given.get("split"))


def _check_writable(name: str, given: str | None) -> None:
    """Find out before the night, not after it, that its result has nowhere to go."""
    if given is None or given == "-":
        return
    path = Path(given)
    if path.is_dir():
        raise ConfigError(f"{name} is {given!r}, which is a folder; give a file name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"{name} is {given!r}, but nothing can be written there ({error}); "
            "choose another place."
        ) from None


def _logged(events: Iterator[Event], folder: Path) -> Iterator[Event]:
    try:
        log = RunLog(folder)
    except FileExistsError:
        raise ConfigError(
            f"log is '{folder}', which holds a run already; choose a new folder."
        ) from None
    except OSError as error:
        raise ConfigError(f"log is '{folder}', which cannot be written ({error}).") from None
    with log:
        for event in events:
            log.append(event)
            yield event


def _in_words(dataset: dict[str, Any], role: str) -> str:
    def course(measure: str, scale: float, unit: str) -> str:
        ends = [[seed[index] * scale for seed in dataset[measure]] for index in (0, -1)]
        before, after = (interval(values) for values in ends)
        spread = "" if after.half_width is None else f" ± {after.half_width:.1f}"
        return f"{before.mean:.1f}{unit} before the night, {after.mean:.1f}{unit}{spread} after it"

    seeds = len(dataset["error"])
    note = " (± 95 % interval over seeds)" if seeds > 1 else ""
    return (
        f"{role} memories, {dataset['name']}: error {course('error', 1, '')}; "
        f"recall accuracy {course('recall_accuracy', 100, ' %')}{note}"
    )
