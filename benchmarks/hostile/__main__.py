"""Run the program on each hostile run in a separate process, and print the outcomes."""

import argparse
import contextlib
import gc
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from streamlit.components.v2 import manifest_scanner
from streamlit.logger import set_log_level
from streamlit.testing.v1 import AppTest

import app.views.explore  # noqa: F401  (imported once, not in every process)
from app.view_data import image_strip
from core import jobs
from core.cli.main import main as command
from core.support import environment
from core.support.errors import SleepError
from tools.hostile_runs.cases import CASES
from tools.hostile_runs.draft import SECRET, Draft
from tools.sample_runs import OTHER_RUN, RUN

_LIMIT_S = 15
_MEMORY_BYTES = 500_000_000  # in addition to the memory in use at the start


class _TimeoutError(BaseException):
    """An operation exceeded its time limit."""


def show_page(work: Path) -> str:
    """Show the page of the run, with its tables."""
    page = AppTest.from_file(str(environment.PROJECT / "app" / "main.py"), default_timeout=_LIMIT_S)
    page.query_params["run"] = RUN
    page.session_state["numbers"] = True
    try:
        page.run()
    except RuntimeError:
        return "timed out"
    if page.exception:
        return f"raised: {page.exception[0].message[:80]}"
    html = "\n".join(element.value for element in page.html)
    return "leaked" if image_strip.encode_row(SECRET[0]) in html else "ok"


def _command(*arguments: str) -> tuple[int, str]:
    """Run a command and return its exit status and all its output."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = command(arguments)
    return status, output.getvalue()


def _outcome(status: int, output: str) -> str:
    printed = output.replace("\n", "")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in printed):
        return "control characters"
    return "refused" if status else "ok"


def list_runs(work: Path) -> str:
    """Run `runs list`, which must list the other run."""
    status, output = _command("runs", "list")
    lines = [line for line in output.splitlines() if line.startswith(OTHER_RUN)]
    if len(lines) != 1 or " done " not in lines[0]:
        return "lost the other run"
    return _outcome(status, output)


def show_run(work: Path) -> str:
    """Run `runs show`."""
    return _outcome(*_command("runs", "show", RUN))


def export_run(work: Path) -> str:
    """Run `runs export`, which must not export files outside the run."""
    outcome = _outcome(*_command("runs", "export", RUN, "--out", str(work / "run.zip")))
    if outcome == "ok":
        secret = (work / "outside" / "secret.npz").read_bytes()
        with ZipFile(work / "run.zip") as archive:
            if any(archive.read(name) == secret for name in archive.namelist()):
                return "leaked"
    return outcome


def keep_run(work: Path) -> str:
    """Run `runs keep`."""
    return _outcome(*_command("runs", "keep", RUN, "kept"))


def resume_run(work: Path) -> str:
    """Resume the run: put it into the queue."""
    try:
        jobs.resume(RUN)
    except (SleepError, OSError):
        return "refused"
    return "ok"


OPERATIONS: dict[str, Callable[[Path], str]] = {
    "page": show_page,
    "list": list_runs,
    "show": show_run,
    "export": export_run,
    "keep": keep_run,
    "resume": resume_run,
}


def outcomes(name: str) -> dict[str, Any]:
    """Return the outcome and duration of each operation on a hostile run.

    The correct outcomes are "ok" and "refused", which is one error message.
    """
    with tempfile.TemporaryDirectory() as scratch:
        work, file = Path(scratch), Path(scratch) / "results.json"
        child = os.fork()
        if child == 0:
            try:
                _measure_in_child(name, work, file)
            finally:
                os._exit(0)
        _wait(child, len(OPERATIONS) * _LIMIT_S + 60)
        results = json.loads(file.read_text()) if file.exists() else {}
    return {"name": name, **dict.fromkeys([*OPERATIONS, "peak_mb"], "killed"), **results}


def _wait(child: int, limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.02)


def _measure_in_child(name: str, work: Path, file: Path) -> None:
    os.environ["SLEEP_OUTPUTS_DIR"] = str(work / "outputs")
    os.environ["SLEEP_GALLERY_DIR"] = str(work / "gallery")
    runs = work / "outputs" / "runs"
    Draft(runs / OTHER_RUN, work / "outside").write()
    CASES[name](Draft(runs / RUN, work / "outside"))
    gc.collect()
    peak_at_start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    results: dict[str, Any] = {}
    for key, operation in OPERATIONS.items():
        start = time.monotonic()
        try:
            with _time_limit():
                results[key] = operation(work)
        except _TimeoutError:
            results[key] = "timed out"
        except MemoryError:
            results[key] = "out of memory"
        except BaseException as error:
            results[key] = f"raised: {type(error).__name__}: {error}"[:80]
        results[f"{key}_s"] = round(time.monotonic() - start, 2)
        added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_at_start
        results["peak_mb"] = added // 1024
        file.write_text(json.dumps(results))


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    def time_out(*_: object) -> None:
        raise _TimeoutError

    signal.signal(signal.SIGALRM, time_out)
    signal.alarm(_LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def main() -> None:
    """Measure all hostile runs whose name contains ``--only``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    set_log_level("ERROR")  # Streamlit warns that there is no browser
    jobs.keep_engine = jobs.client.keep_engine = lambda: None  # type: ignore[attr-defined]
    manifest_scanner.scan_component_manifests = list  # type: ignore[assignment,attr-defined]
    all_results = []
    for name in CASES:
        if options.only not in name:
            continue
        results = outcomes(name)
        all_results.append(results)
        good = all(results[key] in ("ok", "refused") for key in OPERATIONS)
        words = ", ".join(f"{key}: {results[key]}" for key in OPERATIONS)
        print(f"{'good' if good else 'BAD '}  {name}  ({words}; {results['peak_mb']} MB)")
        sys.stdout.flush()
    if options.json:
        Path(options.json).write_text(json.dumps(all_results, indent=1))


if __name__ == "__main__":
    main()
