"""``run`` and ``resume``: a night from its settings, or its rest, to its results."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from core import jobs
from core.cli.follow import follow_run, stop_run
from core.cli.local import create_run, execute_locally, prepare_resume
from core.cli.results import Results
from core.cli.run_options import from_preset
from core.cli.terminal import tell
from core.cli.text import again, kept
from core.runs.folder import runs_dir
from core.schedule.config import RunConfig, chosen_split
from core.support.errors import RunError

_CONFIG = [field.name for field in fields(RunConfig) if field.name != "split"]


def run(options: argparse.Namespace) -> None:
    """Sleep one night and write its numbers where the options say."""
    config = night(options)
    results = _results(options)
    with _outputs_written():
        run_id = (
            create_run(config, options.threads)
            if options.local
            else jobs.submit(config, threads=options.threads)
        )
    _to_its_end(run_id, results, local=options.local)


def resume(options: argparse.Namespace) -> None:
    """Sleep the rest of a night that was stopped, has failed or was interrupted."""
    results = _results(options)
    with _outputs_written():
        if options.local:
            prepare_resume(options.id)
        else:
            jobs.resume(options.id)
    _to_its_end(options.id, results, local=options.local)


def night(options: argparse.Namespace) -> RunConfig:
    """The night that the options ask for; raises `ConfigError` for a value out of bounds."""
    given = vars(options)
    split = chosen_split(given.get("inverted"), given.get("split"))
    settings = {name: given[name] for name in _CONFIG} | from_preset(options)
    config = RunConfig(split=split, **settings)
    if config.weights is None:
        return config
    # Whoever sleeps the night may start in another folder than this command.
    return replace(config, weights=str(Path(config.weights).expanduser().absolute()))


def _results(options: argparse.Namespace) -> Results:
    results = Results(options.json, options.pdf)
    results.check()
    return results


@contextmanager
def _outputs_written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"the folder of all runs {runs_dir()} cannot be written ({error.strerror or error}); "
            "make room or give access there, or move it with SLEEP_OUTPUTS_DIR."
        ) from None


def _to_its_end(run_id: str, results: Results, *, local: bool) -> None:
    stops = "interrupts" if local else "stops"
    tell(f"run {run_id}: Ctrl-C {stops} it, `{again(run_id)}` goes on with it.")
    try:
        now = execute_locally(run_id) if local else follow_run(run_id)
    except KeyboardInterrupt:
        ended = f"run {run_id} is interrupted; {kept(run_id)}" if local else stop_run(run_id)
        raise KeyboardInterrupt(ended) from None
    if now.status == "done":
        results.write(now.state)
        return
    if now.problem is not None:
        raise RunError(now.problem.sentence)
    was = "was stopped by somebody else" if now.status == "stopped" else "broke off"
    raise RunError(f"run {run_id} {was}; {kept(run_id)}")
