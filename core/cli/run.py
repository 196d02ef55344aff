"""``run`` and ``resume``: execute a new run, or the rest of one, and write the results."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from core import jobs
from core.cli.follow import follow_run, resume_command, resume_hint, stop_run
from core.cli.local import create_run, execute_locally, prepare_resume
from core.cli.results import Results
from core.cli.run_options import preset_settings
from core.cli.terminal import print_error
from core.runs.folder import runs_dir
from core.schedule.config import RunConfig, chosen_split
from core.support.errors import RunError

_CONFIG = [field.name for field in fields(RunConfig) if field.name != "split"]


def run(options: argparse.Namespace) -> None:
    """Run one night and write its results to the files in ``options``."""
    config = config_from_options(options)
    results = _results(options)
    with _outputs_folder_errors():
        run_id = (
            create_run(config, options.threads)
            if options.local
            else jobs.submit(config, threads=options.threads)
        )
    _finish(run_id, results, local=options.local)


def resume(options: argparse.Namespace) -> None:
    """Continue a run that was stopped, has failed or was interrupted; write its results."""
    results = _results(options)
    with _outputs_folder_errors():
        if options.local:
            prepare_resume(options.id)
        else:
            jobs.resume(options.id)
    _finish(options.id, results, local=options.local)


def config_from_options(options: argparse.Namespace) -> RunConfig:
    """Return the config that the options describe; raise `ConfigError` for an invalid value."""
    values = vars(options)
    split = chosen_split(values.get("inverted"), values.get("split"))
    settings = {name: values[name] for name in _CONFIG} | preset_settings(options)
    config = RunConfig(split=split, **settings)
    if config.weights is None:
        return config
    # A worker may have another working directory than this command.
    return replace(config, weights=str(Path(config.weights).expanduser().absolute()))


def _results(options: argparse.Namespace) -> Results:
    results = Results(options.json, options.pdf)
    results.check()
    return results


@contextmanager
def _outputs_folder_errors() -> Iterator[None]:
    """Convert OSError to `RunError`, with a sentence about the outputs folder."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"the folder of all runs {runs_dir()} cannot be written ({error.strerror or error}); "
            "make room or give access there, or move it with SLEEP_OUTPUTS_DIR."
        ) from None


def _finish(run_id: str, results: Results, *, local: bool) -> None:
    """Execute or follow the run until it ends, and write its results."""
    stops = "interrupts" if local else "stops"
    print_error(f"run {run_id}: Ctrl-C {stops} it, `{resume_command(run_id)}` continues it.")
    try:
        now = execute_locally(run_id) if local else follow_run(run_id)
    except KeyboardInterrupt:
        sentence = (
            f"run {run_id} is interrupted; {resume_hint(run_id)}" if local else stop_run(run_id)
        )
        raise KeyboardInterrupt(sentence) from None
    if now.status == "done":
        results.write(now.state)
        return
    if now.problem is not None:
        raise RunError(now.problem.sentence)
    ended = "was stopped by another process" if now.status == "stopped" else "was interrupted"
    raise RunError(f"run {run_id} {ended}; {resume_hint(run_id)}")
