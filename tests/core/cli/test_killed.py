"""The command line, killed in the middle of what it writes: nothing half-written is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.gallery import gallery
from core.schedule.config import RunConfig
from core.support.environment import PROJECT
from tools.sample_runs import RUN, made_night, put_run

NIGHT = made_night(RunConfig(num_cycles=2, total_eps=4, num=2))

# Each writes for as long as it lives once it has begun, so that it is killed in the middle.
_PAUSE = "print('writing', flush=True) or time.sleep(600)"
_SCRIPT = {
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
_RUN = f"""
import sys, time
from contextlib import contextmanager
from core.support import files

class Slow(bytes):
    pass

kept = files.whole_file

@contextmanager
def slow(path, **how):
    with kept(path, **how) as file:
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

files.whole_file = slow
"""


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))
    monkeypatch.setenv("SLEEP_GALLERY_DIR", str(tmp_path / "gallery"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    for name in ("scratch", "here", "gallery"):
        (tmp_path / name).mkdir()
    put_run(RUN, NIGHT)
    return tmp_path


def killed(what: str, number: int, code: str) -> None:
    """Run ``code`` in a process until it writes, and kill it then."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_RUN}\n{_SCRIPT[what]}\n{code}"],
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


def command(*arguments: str) -> str:
    return f"from core.cli import main; sys.exit(main({list(arguments)!r}))"


RESULTS = """
from pathlib import Path
from core.cli.results import Results
from core.runs.state import RunState, fold
from core.runs.log import RunReader
from core.runs.folder import find_run
state = fold(RunState(), RunReader(find_run({run!r}).path).read())
Results({json!r}, {pdf!r}).write(state)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("what", ["zip", "json", "pdf"])
def test_an_export_that_is_killed_midway_leaves_nothing(
    what: str, number: signal.Signals, places: Path
) -> None:
    target = str(places / "here" / f"night.{what}")
    if what == "zip":
        killed(what, number, command("runs", "export", RUN, "--out", target))
    else:
        where = {"json": None, "pdf": None, what: target}
        killed(what, number, RESULTS.format(run=RUN, **where))
    assert list((places / "here").iterdir()) == []
    assert list((places / "scratch").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_keep_that_is_killed_midway_is_no_recorded_night_and_the_next_is_whole(
    number: signal.Signals, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli import main

    killed("keep", number, command("runs", "keep", RUN, "a-night"))
    assert [path.name for path in gallery().iterdir()] == [f".{RUN}.tmp"]
    assert main(["runs", "keep", RUN, "a-night"]) == 0
    assert [path.name for path in gallery().iterdir()] == ["a-night"]
    assert capsys.readouterr().out == f"{gallery() / 'a-night'}\n"
