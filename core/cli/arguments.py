"""The command line's options. Bounds and choices are checked by `RunConfig`, in one place."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from core.config import DEVICES, ROUNDINGS, RunConfig
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.recipe import Recipe
from core.settings import DEFAULT_THREADS

_EXAMPLE = """\
examples:
  python -m core run                                   the default night on the bundled images
  python -m core run --seeds 0 1 2 --json night.json   three seeds, numbers into a file
  python -m core run --start-fraction-rem 0 --end-fraction-rem 0    a night without REM
  python -m core pretrain --latent-dim 8               make weights for another latent size

A night: NREM sleep trains on recent images (dataset 2), REM sleep on the model's own dreams of
old ones (dataset 1). Without REM the old memories are overwritten.
"""


class OneSentenceParser(argparse.ArgumentParser):
    """Reports a bad value as one sentence on standard error, with exit status 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        sys.stderr.write(f"{sentence}; see {self.prog} --help.\n")
        raise SystemExit(2)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line: ``run``, ``pretrain`` and ``train-reader``."""
    parser = OneSentenceParser(
        prog="python -m core",
        description="Sleep Schedule Explorer: does a night's sleep make a network forget?",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(_command(commands, "run", "sleep one night over one or more seeds"))
    _add_pretrain(_command(commands, "pretrain", "train the weights that a night starts from"))
    _add_train_reader(_command(commands, "train-reader", "train the digit reader"))
    return parser


def _command(commands: Any, name: str, what: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=what,
        description=what[:1].upper() + what[1:] + ".",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )


def _number(text: str) -> int | float | str:
    """The number that ``text`` says, or ``text`` itself, which the config then complains about."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _names(registry: Iterable[str]) -> str:
    return "{" + ",".join(registry) + "}"


def _add_run(parser: argparse.ArgumentParser) -> None:
    default = RunConfig()
    switch = argparse.BooleanOptionalAction

    night = parser.add_argument_group("the night")
    night.add_argument(
        "--total-eps", type=_number, default=default.total_eps, help="epochs of the night"
    )
    night.add_argument(
        "--num-cycles", type=_number, default=default.num_cycles, help="cycles of the night"
    )
    night.add_argument(
        "--start-fraction-rem",
        type=_number,
        default=default.start_fraction_rem,
        help="REM share of the first cycle, 0 to 1",
    )
    night.add_argument(
        "--end-fraction-rem",
        type=_number,
        default=default.end_fraction_rem,
        help="REM share of the last cycle, 0 to 1",
    )
    night.add_argument(
        "--rounding",
        metavar=_names(ROUNDINGS),
        default=default.rounding,
        help="; ".join(f"{name} {what}" for name, what in ROUNDINGS.items()),
    )
    night.add_argument(
        "--continue-training",
        action=switch,
        default=default.continue_training,
        help="the model as it is now dreams, not the one before the night",
    )

    memories = parser.add_argument_group("the memories")
    _add_split(memories)
    memories.add_argument(
        "--data",
        metavar=_names(SOURCES),
        default=default.data,
        help="; ".join(f"{source.name}: {source.label}" for source in SOURCES.values()),
    )
    memories.add_argument(
        "--num", type=_number, default=default.num, help="images replayed or dreamt in a stage"
    )

    model = parser.add_argument_group("the model and its training")
    model.add_argument(
        "--latent-dim", type=_number, default=default.latent_dim, help="size of the latent space"
    )
    model.add_argument(
        "--use-initial-weights",
        action=switch,
        default=default.use_initial_weights,
        help="start from the weights at hand; without, pre-train new ones first",
    )
    model.add_argument("--weights", metavar="FILE", help="start from the weights in this file")
    model.add_argument(
        "--pretrain-seed",
        type=_number,
        default=default.pretrain_seed,
        help="seed of pre-training, where it is needed",
    )
    model.add_argument("--lr", type=_number, default=default.lr, help="Adam's learning rate")
    model.add_argument(
        "--batch-size", type=_number, default=default.batch_size, help="images a gradient step"
    )
    model.add_argument(
        "--seeds",
        type=_number,
        nargs="*",
        default=list(default.seeds),
        help="one night is slept for each",
    )

    measures = parser.add_argument_group("what is measured")
    measures.add_argument(
        "--mask",
        metavar=_names(MASKS),
        default=default.mask,
        help="which part of an image is hidden when recall is tested",
    )
    measures.add_argument(
        "--mask-fraction",
        type=_number,
        default=default.mask_fraction,
        help="share of pixels that the random mask hides, 0 to 1",
    )
    measures.add_argument(
        "--full-evaluation",
        action="store_true",
        help="use every test image at every measure, not only before and after the night",
    )

    machine = parser.add_argument_group("the machine")
    machine.add_argument(
        "--device",
        metavar=_names(DEVICES),
        default=default.device,
        help="; ".join(f"{name}: {what}" for name, what in DEVICES.items()),
    )
    _add_threads(machine)
    machine.add_argument(
        "--local", action="store_true", help="sleep in this process (so far the only way)"
    )

    results = parser.add_argument_group("the results")
    results.add_argument(
        "--json", metavar="PATH", help="write all numbers to this file, - for standard output"
    )
    results.add_argument("--pdf", metavar="PATH", help="write schedule and error curves here")
    results.add_argument(
        "--log", metavar="FOLDER", help="write the run's events to this folder while it runs"
    )


def _add_pretrain(parser: argparse.ArgumentParser) -> None:
    recipe = Recipe()
    _add_split(parser)
    parser.add_argument(
        "--latent-dim", type=_number, default=recipe.latent_dim, help="size of the latent space"
    )
    parser.add_argument(
        "--data",
        metavar=_names(SOURCES),
        default="mnist",
        help="where the training images come from",
    )
    parser.add_argument("--seed", type=_number, default=recipe.seed, help="of all random numbers")
    parser.add_argument(
        "--max-epochs",
        type=_number,
        default=recipe.max_epochs,
        help=f"fewer if the loss does not improve for {recipe.patience}",
    )
    _add_threads(parser)
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="where to write the weights (default: the user cache, where nights look for them)",
    )


def _add_train_reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar=_names(SOURCES),
        default="mnist",
        help="where the training images come from",
    )
    parser.add_argument("--seed", type=_number, default=0, help="of all random numbers")
    _add_threads(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="where to write the reader")


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar=_names(SOURCES),
        default="mnist",
        help="where the training images come from",
    )


def _add_split(parser: Any) -> None:
    parser.add_argument(
        "--inverted",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="dataset 2 is dataset 1 inverted (the default); without, digits 5-9 after 0-4",
    )
    parser.add_argument(
        "--split",
        metavar=_names(SPLITS),
        default=argparse.SUPPRESS,
        help="the same by name: " + "; ".join(f"{s.name}: {s.label}" for s in SPLITS.values()),
    )


def _add_threads(parser: Any) -> None:
    parser.add_argument(
        "--threads",
        type=_number,
        default=DEFAULT_THREADS,
        help="CPU threads; results are bit for bit the same only for the same number",
    )
