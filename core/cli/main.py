"""From arguments to an exit status, with one sentence for whatever goes wrong."""

import sys
from collections.abc import Sequence

from core.cli.arguments import make_parser
from core.errors import ConfigError, SleepError, WeightsError

_BAD_VALUE, _FAILED, _INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 1 failed, 2 a bad value, 130 interrupted."""
    options = make_parser().parse_args(arguments)
    try:
        # Late, so that --help and a mistyped option answer at once: these import torch.
        from core.cli import commands
        from core.threads import cpu_threads

        chosen = {
            "run": commands.run,
            "pretrain": commands.pretrain,
            "train-reader": commands.train_reader,
        }[options.command]
        with cpu_threads(options.threads):
            chosen(options)
    except (ConfigError, WeightsError) as error:
        return _tell(error, _BAD_VALUE)
    except (SleepError, OSError) as error:
        return _tell(error, _FAILED)
    except KeyboardInterrupt:
        return _tell("Interrupted; no half-written file is left.", _INTERRUPTED)
    return 0


def _tell(sentence: object, status: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status
