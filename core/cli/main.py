"""The entry point: run a command, report an error as one sentence, return an exit status."""

import argparse
from collections.abc import Sequence

from core.cli.arguments import build_parser
from core.cli.terminal import print_error
from core.support.errors import ConfigError, SleepError, WeightsError, os_error_sentence

_BAD_VALUE, _FAILED, _INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status.

    ``arguments`` defaults to those of this process. The status is 0 for success, 1 for a failure,
    2 for an invalid value and 130 for an interrupt.
    """
    options = build_parser().parse_args(arguments)
    try:
        _run_command(options)
    except (ConfigError, WeightsError) as error:
        return _report_error(error, _BAD_VALUE)
    except SleepError as error:
        return _report_error(error, _FAILED)
    except OSError as error:
        return _report_error(os_error_sentence(error), _FAILED)
    except KeyboardInterrupt as interrupt:
        sentence = str(interrupt) or "Interrupted; no incomplete file is left."
        return _report_error(sentence, _INTERRUPTED)
    return 0


def _run_command(options: argparse.Namespace) -> None:
    # Imported per command: torch alone takes a second, and most commands do not need it.
    match options.command:
        case "run":
            from core.cli.run import run

            run(options)
        case "resume":
            from core.cli.run import resume

            resume(options)
        case "runs":
            from core.cli.runs import runs

            runs(options)
        case "serve-engine":
            from core.cli.serve import serve_engine

            serve_engine(options)
        case "pretrain":
            from core.cli.pretrain import pretrain

            pretrain(options)
        case "train-reader":
            from core.cli.pretrain import train_reader

            train_reader(options)


def _report_error(sentence: object, status: int) -> int:
    print_error(sentence)
    return status
