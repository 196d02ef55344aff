"""`tools.stress_test` and the helpers with which the engine's tests detect ended processes."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.helpers.engines import is_running, is_running_pid, wait_until, wait_until_ended
from tools import stress_test


@pytest.fixture
def child() -> Iterator[psutil.Process]:
    """A child process that runs until it is killed, and is reaped only after the test."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_a_process_that_exited_counts_as_ended_before_it_is_reaped(child: psutil.Process) -> None:
    assert is_running(child)
    assert is_running_pid(child.pid)
    child.kill()
    wait_until(lambda: child.status() == psutil.STATUS_ZOMBIE)
    assert not is_running(child)
    assert not is_running_pid(child.pid)
    wait_until_ended([child])


def test_a_reaped_process_counts_as_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        ended = psutil.Process(process.pid)
    assert not is_running(ended)
    assert not is_running_pid(ended.pid)


def test_the_tests_that_run_by_default_exist() -> None:
    missing = [path for path in stress_test.TIMING_TESTS if not (stress_test.TESTS / path).exists()]
    assert missing == []


def test_without_the_unshare_command_the_stress_test_prints_why_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert stress_test.main([]) == 0
    assert capsys.readouterr().out.startswith("Skipped: ")


def test_under_load_process_1_never_reaps_and_two_busy_loops_run(
    capfd: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    probe = tmp_path_factory.mktemp("probe") / "test_probe.py"
    probe.write_text(_PROBE)
    status = stress_test.main(["-q", "-p", "no:cacheprovider", str(probe)])
    printed = capfd.readouterr().out
    if printed.startswith("Skipped: "):
        pytest.skip("a PID namespace cannot be created here")
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
