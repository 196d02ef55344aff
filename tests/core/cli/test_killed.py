"""A command that is killed while it writes leaves no incomplete file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.gallery import gallery
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from tools.sample_runs import RUN, create_run, night_events

NIGHT = night_events(RunConfig(num_cycles=2, total_eps=4, num=2))

# Each script prints "writing" after a part of its output and pauses, so that the test can kill it.
_PAUSE = "print('writing', flush=True) or time.sleep(600)"
_SCRIPTS = {
    "zip": (
        "import zipfile; writestr = zipfile.ZipFile.writestr; zipfile.ZipFile.writestr = "
        f"lambda self, *rest: (writestr(self, *rest), self.fp.flush(), {_PAUSE})"
    ),
    "json": (
        "from core.cli import results; results.write_text = lambda path, text: "
        "files.write_bytes(path, Slow(text.encode()))"
    ),
    "pdf": (
        "from core.runs import report; report.write_bytes = lambda path, content: "
        "files.write_bytes(path, Slow(content))"
    ),
    "keep": (
        "from core.runs.log import LogReader; copy = LogReader.copy; LogReader.copy = "
        f"lambda self, target: (copy(self, target), {_PAUSE})"
    ),
}
_SLOW_WRITES = f"""
import sys, time
from contextlib import contextmanager
from core.support import files

class Slow(bytes):
    pass

atomic_file = files.atomic_file

@contextmanager
def slow(path, **options):
    with atomic_file(path, **options) as file:
        write = file.write
        class Half:
            def __getattr__(self, name):
                return getattr(file, name)
            def write(self, content):
                if not isinstance(content, Slow):
                    return write(content)
                write(content[: len(content) // 2])
                file.flush()
                {_PAUSE}
        yield Half()

files.atomic_file = slow
"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a finished run, a gallery, and empty folders for targets and scratch files."""
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    for name in ("scratch", "target", "gallery"):
        (tmp_path / name).mkdir()
    create_run(RUN, NIGHT)
    return tmp_path


def kill_while_writing(output: str, number: int, code: str) -> None:
    """Run code in a new process and kill it while it writes.

    Parameters
    ----------
    output : str
        Kind of output, a key of `_SCRIPTS`.
    number : int
        Signal that kills the process.
    code : str
        Python code that writes the output.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_SLOW_WRITES}\n{_SCRIPTS[output]}\n{code}"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(number)
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
        process.communicate()


def call_main(*arguments: str) -> str:
    return f"from core.cli import main; sys.exit(main({list(arguments)!r}))"


WRITE_RESULTS = """
from pathlib import Path
from core.cli.results import Results
from core.runs.state import RunState, fold
from core.runs.log import RunReader
from core.runs.folder import find_run
state = fold(RunState(), RunReader(find_run({run!r}).path).read())
Results({json!r}, {pdf!r}).write(state)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="needs files without a name (Linux)")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("output", ["zip", "json", "pdf"])
def test_an_export_that_is_killed_while_writing_leaves_no_file(
    output: str, number: signal.Signals, folders: Path
) -> None:
    target = str(folders / "target" / f"night.{output}")
    if output == "zip":
        code = call_main("runs", "export", RUN, "--out", target)
    else:
        code = WRITE_RESULTS.format(run=RUN, **{"json": None, "pdf": None, output: target})
    kill_while_writing(output, number, code)
    assert list((folders / "target").iterdir()) == []
    assert list((folders / "scratch").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_keep_adds_no_recorded_run_and_can_be_repeated(
    number: signal.Signals, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli import main

    kill_while_writing("keep", number, call_main("runs", "keep", RUN, "a-night"))
    assert [path.name for path in gallery().iterdir()] == [f".{RUN}.tmp"]
    assert main(["runs", "keep", RUN, "a-night"]) == 0
    assert [path.name for path in gallery().iterdir()] == ["a-night"]
    assert capsys.readouterr().out == f"{gallery() / 'a-night'}\n"
