"""Runs the program over each hostile run, in a process of its own, and says what came of it."""

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

import app.views.explore  # noqa: F401  (once, and not in each process)
from app.view_data import image_strip
from core import jobs
from core.cli.main import main as command
from core.support import environment
from core.support.errors import SleepError
from tools.hostile_runs.cases import CASES, OTHER
from tools.hostile_runs.draft import SECRET, Draft

RUN = "20260102-030405-0a1b2c"
_LIMIT_S = 15
_MEMORY_BYTES = 500_000_000  # beside what is there already


class _Late(BaseException):
    """An operation did not come to its end."""


def page(work: Path) -> str:
    """Show the run, with its tables."""
    shown = AppTest.from_file(
        str(environment.PROJECT / "app" / "main.py"), default_timeout=_LIMIT_S
    )
    shown.query_params["run"] = RUN
    shown.session_state["numbers"] = True
    try:
        shown.run()
    except RuntimeError:
        return "hung"
    if shown.exception:
        return f"raised: {shown.exception[0].message[:80]}"
    drawn = "\n".join(element.value for element in shown.html)
    return "leaked" if image_strip.encode_row(SECRET[0]) in drawn else "ok"


def _command(*arguments: str) -> tuple[int, str]:
    """The status of a command, and all that it printed."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = command(arguments)
    return status, told.getvalue()


def _judged(status: int, told: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in told if letter != "\n"):
        return "steers the terminal"
    return "sentence" if status else "ok"


def listed(work: Path) -> str:
    """`runs list`, with the neighbour."""
    status, told = _command("runs", "list")
    lines = [line for line in told.splitlines() if line.startswith(OTHER)]
    whole = len(lines) == 1 and " done " in lines[0]
    return _judged(status, told) if whole else "lost the neighbour"


def shown(work: Path) -> str:
    """`runs show`."""
    return _judged(*_command("runs", "show", RUN))


def exported(work: Path) -> str:
    """`runs export`."""
    judged = _judged(*_command("runs", "export", RUN, "--out", str(work / "run.zip")))
    if judged == "ok":
        secret = (work / "outside" / "secret.npz").read_bytes()
        with ZipFile(work / "run.zip") as archive:
            if any(archive.read(name) == secret for name in archive.namelist()):
                return "leaked"
    return judged


def kept(work: Path) -> str:
    """`runs keep`."""
    return _judged(*_command("runs", "keep", RUN, "kept"))


def resumed(work: Path) -> str:
    """A resume, as far as the queue."""
    try:
        jobs.resume(RUN)
    except (SleepError, OSError):
        return "sentence"
    return "ok"


OPERATIONS: dict[str, Callable[[Path], str]] = {
    "page": page,
    "list": listed,
    "show": shown,
    "export": exported,
    "keep": kept,
    "resume": resumed,
}


def tried(name: str) -> dict[str, Any]:
    """What each operation makes of a hostile run; "ok" and "sentence" are as it should be."""
    with tempfile.TemporaryDirectory() as scratch:
        work, results = Path(scratch), Path(scratch) / "results.json"
        child = os.fork()
        if child == 0:
            try:
                _in_child(name, work, results)
            finally:
                os._exit(0)
        _await(child, len(OPERATIONS) * _LIMIT_S + 60)
        found = json.loads(results.read_text()) if results.exists() else {}
    return {"name": name, **dict.fromkeys([*OPERATIONS, "peak_mb"], "died"), **found}


def _await(child: int, limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.02)


def _in_child(name: str, work: Path, results: Path) -> None:
    os.environ["SLEEP_OUTPUTS_DIR"] = str(work / "outputs")
    os.environ["SLEEP_GALLERY_DIR"] = str(work / "gallery")
    runs = work / "outputs" / "runs"
    Draft(runs / OTHER, work / "outside").write()
    CASES[name](Draft(runs / RUN, work / "outside"))
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    found: dict[str, Any] = {}
    for key, operation in OPERATIONS.items():
        began = time.monotonic()
        try:
            with _limited():
                found[key] = operation(work)
        except _Late:
            found[key] = "hung"
        except MemoryError:
            found[key] = "out of memory"
        except BaseException as error:
            found[key] = f"raised: {type(error).__name__}: {error}"[:80]
        found[f"{key}_s"] = round(time.monotonic() - began, 2)
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        found["peak_mb"] = more // 1024
        results.write_text(json.dumps(found))


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(_LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def main() -> None:
    """Try all runs whose name holds ``--only``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    set_log_level("ERROR")  # for there is no browser
    jobs.keep_engine = jobs.client.keep_engine = lambda: None  # type: ignore[attr-defined]
    manifest_scanner.scan_component_manifests = list  # type: ignore[assignment,attr-defined]
    found = []
    for name in CASES:
        if options.only not in name:
            continue
        found.append(tried(name))
        good = [found[-1][key] in ("ok", "sentence") for key in OPERATIONS]
        told = ", ".join(f"{key}: {found[-1][key]}" for key in OPERATIONS)
        print(f"{'good' if all(good) else 'BAD '}  {name}  ({told}; {found[-1]['peak_mb']} MB)")
        sys.stdout.flush()
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
