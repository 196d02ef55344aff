"""Sleeping a run in this process, without the job engine."""

from itertools import chain

from core import jobs
from core.cli.progress import with_progress
from core.jobs import Snapshot
from core.queue.failures import delete_failure
from core.runs.folder import find_run, new_run
from core.runs.log import RunReader
from core.schedule.config import RunConfig
from core.support.cpu import usable_threads
from core.support.errors import RunError
from core.support.files import remove_file


def create_run(config: RunConfig, threads: object) -> str:
    """Make the folder of a run that this process is to sleep, and give its id.

    Raises `ConfigError` for more threads than this machine has cores, and OSError where the
    outputs folder cannot be written.
    """
    if threads is not None:
        threads = usable_threads(threads)
    return new_run(config, jobs.current_user(), threads).id


def prepare_resume(run_id: str) -> None:
    """Make ready a run whose rest this process is to sleep; raises `RunError` if it may not."""
    folder = find_run(run_id)
    if jobs.unfinished(run_id).active:
        raise RunError(
            f"run {run_id} is waiting or running; follow it by leaving out --local, or stop it "
            "first."
        )
    usable_threads(folder.record().threads)
    remove_file(folder.stop)
    delete_failure(run_id)


def execute_locally(run_id: str) -> Snapshot:
    """Sleep what is left of the run, show how far it is, and say where it is in the end.

    Raises `RunError` when another process sleeps it or its folder cannot be written, and
    `LogError` when its files are damaged.
    """
    from core.engine.run_execution import describe_write_error, execute_run  # torch takes a second

    folder = find_run(run_id)
    earlier = RunReader(folder.path).read()
    try:
        for _ in with_progress(chain(earlier, execute_run(folder))):
            pass
    except OSError as error:
        raise RunError(describe_write_error(folder, error)) from None
    return jobs.state(run_id)
