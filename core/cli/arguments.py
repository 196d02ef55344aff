"""The commands and options of the command line. `RunConfig` validates the values of a run."""

import argparse
from typing import Any, NoReturn

from core.cli.run_options import add_data, add_settings, add_split, parse_number
from core.cli.terminal import print_error
from core.training.recipe import Recipe

_EXAMPLES = """\
examples:
  python -m core run                                   one night with the default settings
  python -m core run --seeds 0 1 2 --json night.json   three seeds, all numbers in a JSON file
  python -m core run --start-fraction-rem 0 --end-fraction-rem 0    a night without REM
  python -m core runs list                             all runs, including the page's
  python -m core pretrain --latent-dim 8               pre-train weights for another latent size

NREM stages train on new images (dataset 2, replay). REM stages train on images of old memories
(dataset 1) that the model generates itself (dreams). Without REM the model forgets old memories.
"""


class OneSentenceParser(argparse.ArgumentParser):
    """Report a bad argument as one sentence on standard error and exit with status 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        print_error(f"{sentence}; see {self.prog} --help.")
        raise SystemExit(2)


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Show the defaults, except of options that are unset or off by default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        unset = action.default is None or action.default is False
        return action.help if unset else super()._get_help_string(action)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = OneSentenceParser(
        prog="python -m core",
        description="Sleep Schedule Explorer: does a network forget during a simulated night?",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(_command(commands, "run", "run one night for one or more seeds"))
    _add_resume(_command(commands, "resume", "continue a stopped, interrupted or failed run"))
    _add_runs(_command(commands, "runs", "list, show, delete, export and manage runs"))
    _add_serve(_command(commands, "serve-engine", "run the job engine until Ctrl-C"))
    _add_pretrain(_command(commands, "pretrain", "pre-train the weights that a night starts from"))
    _add_train_reader(_command(commands, "train-reader", "train the digit reader"))
    return parser


def _command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        formatter_class=_Help,
        allow_abbrev=False,
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    machine = add_settings(parser)
    machine.add_argument(
        "--threads",
        type=parse_number,
        help="maximum number of CPU threads, which does not affect the results (default: all "
        "cores that other runs leave free)",
    )
    _add_local(machine)
    _add_results(parser)


def _add_resume(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    _add_local(parser)
    _add_results(parser)


def _add_runs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    list_ = _command(actions, "list", "list all runs, newest last")
    show = _command(actions, "show", "show the settings, the status and the results of a run")
    delete = _command(actions, "delete", "delete runs and all their files")
    export = _command(actions, "export", "export settings, events, tables and figures as a zip")
    record = _command(actions, "keep", "copy a finished run into the gallery of recorded runs")
    pin = _command(actions, "pin", "protect a run from being removed to free disk space")
    unpin = _command(actions, "unpin", "unpin a run")
    prune = _command(actions, "prune", "remove old checkpoints, and old runs above the disk limit")
    for action in (list_, show):
        action.add_argument("--json", action="store_true", help="print JSON instead of text")
    for action in (show, export, record, pin, unpin):
        _add_id(action)
    delete.add_argument("ids", metavar="ID", nargs="+", help="ids of the runs")
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    export.add_argument("--out", metavar="FILE", help="file to write (default: ID.zip)")
    prune.add_argument("--dry-run", action="store_true", help="only print what would be removed")
    record.add_argument(
        "name", metavar="NAME", help="name in lower-case letters, digits and hyphens"
    )


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=parse_number, help="number of parallel runs (default: one per core)"
    )


def _add_pretrain(parser: argparse.ArgumentParser) -> None:
    recipe = Recipe()
    add_split(parser)
    parser.add_argument(
        "--latent-dim",
        type=parse_number,
        default=recipe.latent_dim,
        help="size of the latent space",
    )
    add_data(parser, "mnist")
    parser.add_argument("--seed", type=parse_number, default=recipe.seed, help="random seed")
    parser.add_argument(
        "--max-epochs",
        type=parse_number,
        default=recipe.max_epochs,
        help="maximum number of epochs; training stops earlier after "
        f"{recipe.patience} epochs without improvement of the loss",
    )
    _add_threads(parser)
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="file for the weights (default: in the user cache, where runs look for them)",
    )


def _add_train_reader(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "mnist")
    parser.add_argument("--seed", type=parse_number, default=0, help="random seed")
    _add_threads(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="file for the reader")


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="id of the run")


def _add_local(parser: Any) -> None:
    parser.add_argument(
        "--local", action="store_true", help="run in this process, without the job engine"
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("the results")
    results.add_argument(
        "--json", metavar="PATH", help="write all numbers to this file; - is standard output"
    )
    results.add_argument(
        "--pdf", metavar="PATH", help="write the schedule and the error curves to this file"
    )


def _add_threads(parser: Any) -> None:
    parser.add_argument(
        "--threads",
        type=parse_number,
        default=1,
        help="CPU threads; results are bit for bit identical only with the same number",
    )
