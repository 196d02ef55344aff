"""Running in this process, without the job engine."""

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
    """Create the folder of a run for this process to execute; return the run's id.

    ``threads`` is the maximum number of CPU threads, None for no maximum. Raises `ConfigError` if
    it exceeds the cores of this machine, and OSError if the outputs folder cannot be written.
    """
    if threads is not None:
        threads = usable_threads(threads)
    return new_run(config, jobs.current_user(), threads).id


def prepare_resume(run_id: str) -> None:
    """Prepare an unfinished run for this process to continue.

    Raises `RunError` if the run is done, queued, running or recorded, or does not exist.
    """
    folder = find_run(run_id)
    if jobs.unfinished(run_id).active:
        raise RunError(
            f"run {run_id} is queued or running; omit --local to follow it, or stop it first."
        )
    usable_threads(folder.record().threads)
    remove_file(folder.stop)
    delete_failure(run_id)


def execute_locally(run_id: str) -> Snapshot:
    """Execute the rest of the run, show its progress and return its last snapshot.

    Raises `RunError` if another process executes it or its folder cannot be written, and
    `LogError` if its files are damaged.
    """
    # Imported late: torch takes a second.
    from core.engine.run_execution import describe_write_error, execute_run

    folder = find_run(run_id)
    earlier = RunReader(folder.path).read()
    try:
        for _ in with_progress(chain(earlier, execute_run(folder))):
            pass
    except OSError as error:
        raise RunError(describe_write_error(folder, error)) from None
    return jobs.state(run_id)
