"""``pretrain`` and ``train-reader``: train in this process what runs use later."""

import argparse
from pathlib import Path

from core.cli.progress import with_progress
from core.cli.results import check_writable
from core.cli.terminal import print_lines
from core.data import load_pair
from core.model.weights import user_cache_path
from core.schedule.config import chosen_split
from core.support.threads import torch_threads
from core.training.pretrained_weights import pretrain_to_file
from core.training.reader_training import train_reader_to_file
from core.training.recipe import Recipe


def pretrain(options: argparse.Namespace) -> None:
    """Pre-train weights and print their path.

    If interrupted, training leaves a checkpoint; the same command continues from it.
    """
    split = chosen_split(vars(options).get("inverted"), vars(options).get("split"))
    recipe = Recipe(options.latent_dim, options.seed, max_epochs=options.max_epochs)
    path = (
        user_cache_path(split, recipe.latent_dim, options.data, recipe.seed)
        if options.out is None
        else Path(options.out)
    )
    check_writable("out", options.out)
    with torch_threads(options.threads):
        pair = load_pair(split, options.data)
        try:
            for _ in with_progress(pretrain_to_file(pair, recipe, path), "pre-training"):
                pass
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "Interrupted; finished epochs are kept, and the same command continues from there."
            ) from None
    print_lines(path)


def train_reader(options: argparse.Namespace) -> None:
    """Train a digit reader and print the path of its weights."""
    check_writable("out", options.out)
    with torch_threads(options.threads):
        pair = load_pair("inverted", options.data)
        training = train_reader_to_file(pair, options.seed, Path(options.out))
        for _ in with_progress(training, "training the reader"):
            pass
    print_lines(options.out)
