"""From arguments to an exit status, with one sentence for whatever goes wrong."""

import argparse
from collections.abc import Sequence

from core.cli.arguments import make_parser
from core.cli.terminal import tell
from core.support.errors import ConfigError, SleepError, WeightsError, os_error_sentence

_BAD_VALUE, _FAILED, _INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 1 failed, 2 a bad value, 130 interrupted."""
    options = make_parser().parse_args(arguments)
    try:
        _do(options)
    except (ConfigError, WeightsError) as error:
        return _tell(error, _BAD_VALUE)
    except SleepError as error:
        return _tell(error, _FAILED)
    except OSError as error:
        return _tell(os_error_sentence(error), _FAILED)
    except KeyboardInterrupt as interrupt:
        sentence = str(interrupt) or "Interrupted; no half-written file is left."
        return _tell(sentence, _INTERRUPTED)
    return 0


def _do(options: argparse.Namespace) -> None:
    # Each command imports its own, so that none waits for what only another needs.
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


def _tell(sentence: object, status: int) -> int:
    tell(sentence)
    return status
