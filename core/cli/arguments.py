"""The command line's commands and options. `RunConfig` checks their values, in one place."""

import argparse
from typing import Any, NoReturn

from core.cli.run_options import add_data, add_night, add_split, number
from core.cli.terminal import tell
from core.training.recipe import Recipe

_EXAMPLE = """\
examples:
  python -m core run                                   the default night on the bundled images
  python -m core run --seeds 0 1 2 --json night.json   three seeds, numbers into a file
  python -m core run --start-fraction-rem 0 --end-fraction-rem 0    a night without REM
  python -m core runs list                             all nights there are, the page's too
  python -m core pretrain --latent-dim 8               make weights for another latent size

A night: NREM sleep trains on recent images (dataset 2), REM sleep on the model's own dreams of
old ones (dataset 1). Without REM the old memories are overwritten.
"""


class OneSentenceParser(argparse.ArgumentParser):
    """Reports a bad value as one sentence on standard error, with exit status 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        tell(f"{sentence}; see {self.prog} --help.")
        raise SystemExit(2)


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Tells defaults, but not that an option which is not given is not given."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        absent = action.default is None or action.default is False
        return action.help if absent else super()._get_help_string(action)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = OneSentenceParser(
        prog="python -m core",
        description="Sleep Schedule Explorer: does a night's sleep make a network forget?",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(_command(commands, "run", "sleep one night over one or more seeds"))
    _add_resume(_command(commands, "resume", "sleep the rest of a night that did not end"))
    _add_runs(_command(commands, "runs", "list, show, delete, export and keep nights"))
    _add_serve(_command(commands, "serve-engine", "serve the job engine until Ctrl-C"))
    _add_pretrain(_command(commands, "pretrain", "train the weights that a night starts from"))
    _add_train_reader(_command(commands, "train-reader", "train the digit reader"))
    return parser


def _command(commands: Any, name: str, what: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=what,
        description=what[:1].upper() + what[1:] + ".",
        formatter_class=_Help,
        allow_abbrev=False,
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    machine = add_night(parser)
    machine.add_argument(
        "--threads",
        type=number,
        help="the most CPU threads to use, which changes no result (default: all cores that "
        "other nights leave)",
    )
    _add_local(machine)
    _add_results(parser)


def _add_resume(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    _add_local(parser)
    _add_results(parser)


def _add_runs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = _command(actions, "list", "all nights there are, the newest last")
    showing = _command(actions, "show", "one night: its settings, where it is, its numbers")
    deleting = _command(actions, "delete", "remove nights and all their files")
    exporting = _command(actions, "export", "one night as a zip: settings, events, tables, figures")
    keeping = _command(actions, "keep", "copy a night that is done into the gallery of recordings")
    pinning = _command(actions, "pin", "never remove a night to make room")
    unpinning = _command(actions, "unpin", "take the pin away from a night")
    pruning = _command(actions, "prune", "remove old checkpoints, and old nights above the limit")
    for action in (listing, showing):
        action.add_argument("--json", action="store_true", help="print JSON instead of text")
    for action in (showing, exporting, keeping, pinning, unpinning):
        _add_id(action)
    deleting.add_argument("ids", metavar="ID", nargs="+", help="the nights, by their ids")
    deleting.add_argument("--yes", action="store_true", help="do not ask")
    exporting.add_argument("--out", metavar="FILE", help="where to write it (default: ID.zip here)")
    pruning.add_argument("--dry-run", action="store_true", help="only say what would go")
    keeping.add_argument("name", metavar="NAME", help="what to call it: small letters, digits, -")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=number, help="nights side by side (default: one for each core)"
    )


def _add_pretrain(parser: argparse.ArgumentParser) -> None:
    recipe = Recipe()
    add_split(parser)
    parser.add_argument(
        "--latent-dim", type=number, default=recipe.latent_dim, help="size of the latent space"
    )
    add_data(parser, "mnist")
    parser.add_argument("--seed", type=number, default=recipe.seed, help="of all random numbers")
    parser.add_argument(
        "--max-epochs",
        type=number,
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
    add_data(parser, "mnist")
    parser.add_argument("--seed", type=number, default=0, help="of all random numbers")
    _add_threads(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="where to write the reader")


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the night, by its id")


def _add_local(parser: Any) -> None:
    parser.add_argument(
        "--local", action="store_true", help="sleep in this process, without the job engine"
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("the results")
    results.add_argument(
        "--json", metavar="PATH", help="write all numbers to this file, - for standard output"
    )
    results.add_argument("--pdf", metavar="PATH", help="write schedule and error curves here")


def _add_threads(parser: Any) -> None:
    parser.add_argument(
        "--threads",
        type=number,
        default=1,
        help="CPU threads; results are bit for bit the same only for the same number",
    )
