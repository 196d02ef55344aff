"""Nights as processes: started, watched and stopped, with a stand-in for the training."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import launch
from app.follow import Follower
from core.config import RunConfig
from core.errors import ConfigError
from tests.app_runs import RUN, night, write

_WAITS = "import time; print('slept badly', flush=True); time.sleep(60)"
_FAILS = "import sys; sys.exit('the disk is full')"


@pytest.fixture(autouse=True)
def own_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_OUTPUTS_DIR", str(tmp_path / "outputs"))


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets `launch.start` run a line of Python instead of a night."""

    def replace(code: str) -> None:
        def command(_config: RunConfig, folder: Path) -> list[str]:
            return [sys.executable, "-c", code, str(folder)]

        monkeypatch.setattr(launch, "command", command)

    return replace


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_command_asks_the_command_line_for_the_very_night(tmp_path: Path) -> None:
    config = RunConfig(num_cycles=7, start_fraction_rem=0.29, end_fraction_rem=1.0, split="digits")
    from core.cli.arguments import make_parser

    command = launch.command(config, tmp_path)
    assert command[:3] == [sys.executable, "-m", "core"]
    options = vars(make_parser().parse_args(command[3:]))
    asked = {name: options[name] for name in config.to_dict() if name in options}
    assert RunConfig.from_dict(asked) == config
    assert options["log"] == str(tmp_path)


def test_a_night_runs_until_it_is_stopped(instead: Callable[[str], None]) -> None:
    instead(_WAITS)
    run_id = launch.start(RunConfig(num_cycles=3))
    follower = Follower(run_id)
    assert follower.update().status == "queued"
    assert follower.config == RunConfig(num_cycles=3)
    launch.stop(run_id)
    assert follower.update().status == "stopped"
    _wait(lambda: not launch.alive(run_id))
    assert follower.update().status == "stopped"


def test_a_night_that_dies_has_failed_with_its_last_words(instead: Callable[[str], None]) -> None:
    instead(_FAILS)
    run_id = launch.start(RunConfig())
    _wait(lambda: not launch.alive(run_id))
    snapshot = Follower(run_id).update()
    assert (snapshot.status, snapshot.problem) == ("failed", "the disk is full")


def test_another_server_knows_a_living_night_and_can_stop_it(
    instead: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(_WAITS)
    run_id = launch.start(RunConfig())
    child = launch._children[run_id]
    with monkeypatch.context() as patch:
        patch.setattr(launch, "_children", {})
        _wait(lambda: launch.alive(run_id))  # its command line shows a moment after its start
        launch.stop(run_id)
        child.wait(timeout=30)
        assert not launch.alive(run_id)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_number_that_another_process_has_now_is_not_the_night() -> None:
    folder = write(night([60], [600], whole=False))
    with subprocess.Popen([sys.executable, "-c", _WAITS]) as other:
        (folder / "process.json").write_text(json.dumps({"pid": other.pid}))
        assert not launch.alive(RUN)
        launch.stop(RUN)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("record", ["", "[]", '{"pid": "1"}', '{"pid": -1, "config": {"num": 0}}'])
def test_a_damaged_record_is_no_living_night(record: str) -> None:
    folder = write(night([60], [600], whole=False))
    (folder / "process.json").write_text(record)
    assert not launch.alive(RUN)
    assert launch.config_of(RUN) is None


def test_every_night_has_a_name_of_its_own(instead: Callable[[str], None]) -> None:
    instead("")
    names = {launch.start(RunConfig()) for _ in range(3)}
    assert len(names) == 3
    for name in names:
        assert launch.folder_of(name) is not None
        _wait(lambda name=name: not launch.alive(name))  # type: ignore[misc]


@pytest.mark.parametrize("run_id", ["..", "", ".", "a/b", f"{RUN}\n", f"../{RUN}", f"{RUN}/x"])
def test_a_name_never_leads_out_of_the_runs(run_id: str) -> None:
    write(night([60], [600], whole=False))
    assert launch.folder_of(RUN) is not None
    assert launch.folder_of(run_id) is None
    with pytest.raises(ValueError, match="not the id of a run"):
        Follower(run_id)


def test_a_log_that_grows_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "alive", lambda _run_id: True)
    folder = write(night([60, 70, 80], [600, 300, 200]))
    log = folder / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"")
    follower = Follower(RUN)
    assert follower.update().status == "queued"
    middle = whole.index(b"CycleDone")
    log.write_bytes(whole[:middle])
    assert follower.update().status == "running"
    log.write_bytes(whole)
    last = follower.update()
    assert (last.status, last.active, len(last.state.cycles)) == ("done", False, 3)


def test_bad_values_never_reach_a_process() -> None:
    with pytest.raises(ConfigError):
        RunConfig(num_cycles=101)
    assert not (Path(os.environ["SLEEP_OUTPUTS_DIR"]) / "runs").exists()
