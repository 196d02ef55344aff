"""What the engine's tests count as ended, and the command that runs them on a bad day."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.helpers.engines import expect_ended, running, running_pid, wait
from tools import bad_day


@pytest.fixture
def child() -> Iterator[psutil.Process]:
    """A child that runs until it is killed, and that is reaped at the end only."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_a_process_that_ended_and_is_not_reaped_is_not_left_over(child: psutil.Process) -> None:
    assert running(child)
    assert running_pid(child.pid)
    child.kill()
    wait(lambda: child.status() == psutil.STATUS_ZOMBIE)
    assert not running(child)
    assert not running_pid(child.pid)
    expect_ended([child])


def test_a_process_that_is_gone_is_not_left_over() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        gone = psutil.Process(process.pid)
    assert not running(gone)
    assert not running_pid(gone.pid)


def test_where_nothing_can_be_unshared_the_bad_day_is_skipped_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert bad_day.main([]) == 0
    assert capsys.readouterr().out.startswith("Skipped: ")


def test_on_a_bad_day_process_1_never_reaps_and_two_loops_run(
    capfd: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    probe = tmp_path_factory.mktemp("probe") / "test_probe.py"
    probe.write_text(_PROBE)
    status = bad_day.main(["-q", "-p", "no:cacheprovider", str(probe)])
    printed = capfd.readouterr().out
    if printed.startswith("Skipped: "):
        pytest.skip("process numbers of its own cannot be had here")
    assert status == 0, printed
    assert "1 passed" in printed


_PROBE = """
import subprocess, sys, time
import psutil

ORPHAN = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '']).pid)"

def test_probe():
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert sum("while True: pass" in command for command in commands) == 2
    orphan = psutil.Process(int(subprocess.check_output([sys.executable, "-c", ORPHAN])))
    end = time.monotonic() + 60
    while orphan.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
    assert orphan.ppid() == 1
"""
