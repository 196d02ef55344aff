"""Simulated power cuts: ``python -m benchmarks.power_cut [CUTS]``, as root on Linux.

An engine executes short runs in a file that contains an ext4 file system and is mounted through a
loop device. At random moments during a run and just after its end, the file is copied: the copy
has the content of a disk after a power cut. It is mounted elsewhere, and the usual code reads the
runs in it. Prints how many copies contain less than was finished at the cut. Some copies are
resumed, and their results are compared bit for bit with those of an uninterrupted run.

Exits with status 77 and a message if loop devices or the rights to mount are missing.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.engines import submit, wait_until
from core import jobs
from core.queue import engine_state
from core.schedule.config import RunConfig
from core.support.environment import PROJECT

CUTS = 90
CUTS_PER_RESUME = 15
CONFIG = RunConfig(split="digits", total_eps=40, num_cycles=8, num=10, device="cpu")
_SKIPPED = 77
_DISK_BYTES = 128 * 2**20
_SYNC_S = 0.1  # a line can be read shortly before it is on disk

_READ = """
import json, sys
from core import jobs
from core.runs.events import DreamsMade, ImagesRecalled, StageEvaluated
from core.runs.log import RunReader
from core.runs.folder import find_run
from core.queue import entries
reports = {}
for run in jobs.runs():
    report = {"status": None, "cycles": 0, "in_queue": entries.contains(run), "problem": None}
    try:
        snapshot = jobs.state(run)
        report |= {
            "status": snapshot.status,
            "cycles": snapshot.state.finished_cycles,
            "problem": snapshot.problem and snapshot.problem.sentence,
        }
        for event in RunReader(find_run(run).path).read():
            if isinstance(event, DreamsMade):
                event.images.load()
            elif isinstance(event, ImagesRecalled):
                event.dataset_1.load()
            elif isinstance(event, StageEvaluated):
                event.dataset_1.error_per_image.load()
    except Exception as error:
        report["problem"] = f"{type(error).__name__}: {error}"
    reports[run] = report
print(json.dumps(reports))
"""

_RESUME = """
import hashlib, sys
from core.engine.run_execution import execute_run
from core.runs.state import RunState, fold
from core.runs.log import RunReader
from core.runs.folder import find_run
folder = find_run(sys.argv[1])
for _ in execute_run(folder):
    pass
state = fold(RunState(), RunReader(folder.path).read())
checkpoint = max(folder.checkpoints.glob("cycle-*.safetensors")).read_bytes()
errors = [(stage.dataset_1.error, stage.dataset_2.error) for stage in state.stages]
print(state.outcome, hashlib.sha256(checkpoint + repr(errors).encode()).hexdigest())
"""


class Progress(NamedTuple):
    """Status and number of finished cycles of a run."""

    status: str
    cycles: int


@contextmanager
def mounted(image: Path, mount_point: Path) -> Iterator[Path]:
    """Mount the file system in the file ``image`` at ``mount_point`` for the block."""
    mount_point.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(mount_point)], check=True)
    try:
        yield mount_point
    finally:
        while not _umount(mount_point):  # an ending process may still use it
            time.sleep(0.2)


def _umount(mount_point: Path) -> bool:
    command = ["umount", str(mount_point)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _python(code: str, outputs: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env={**os.environ, "SLEEP_OUTPUTS_DIR": str(outputs)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout.strip()


@contextmanager
def _engine(outputs: Path) -> Iterator[None]:
    os.environ["SLEEP_OUTPUTS_DIR"] = str(outputs)
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "serve-engine", "--workers", "1"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: engine_state.current_state().ready)
        yield
    finally:
        process.terminate()
        process.wait()
        wait_until(lambda: not engine_state.is_alive())


def _wait_for_a_random_moment(run: str, rng: random.Random) -> Progress:
    """Wait up to 4 s, or until the run is done; return the progress of the run."""
    end = time.monotonic() + rng.uniform(0.0, 4.0)
    while time.monotonic() < end and jobs.state(run).status != "done":
        time.sleep(0.02)
    snapshot = jobs.state(run)
    time.sleep(_SYNC_S)
    return Progress(snapshot.status, snapshot.state.finished_cycles)


def main() -> None:
    cuts = int(sys.argv[1]) if len(sys.argv) > 1 else CUTS
    if os.geteuid() or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        print("skipped: mounting a loop device needs root, mkfs.ext4 and /dev/loop-control")
        sys.exit(_SKIPPED)
    with tempfile.TemporaryDirectory(dir=PROJECT / "outputs") as scratch:
        _cut_repeatedly(Path(scratch), cuts)


def _cut_repeatedly(scratch: Path, cuts: int) -> None:
    rng = random.Random(2026)
    image, copy = scratch / "disk.img", scratch / "cut.img"
    count: Counter[str] = Counter()
    uninterrupted = _execute_uninterrupted(scratch)
    with image.open("wb") as file:
        file.truncate(_DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(image, scratch / "live") as live, _engine(live / "outputs"):
        while count["cuts"] < cuts:
            run = submit(CONFIG)
            wait_until(lambda run=run: jobs.state(run).status in ("running", "done"))  # type: ignore[misc]
            while count["cuts"] < cuts:
                at_cut = _wait_for_a_random_moment(run, rng)
                subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
                count["cuts"] += 1
                with mounted(copy, scratch / "cut") as cut:
                    count.update(_inspect(cut / "outputs", run, at_cut))
                if at_cut.status == "done":
                    break
                if count["cuts"] % CUTS_PER_RESUME == 0:
                    with mounted(copy, scratch / "cut") as cut:
                        results = _resume(cut / "outputs", run)
                    count.update(resumed=1, same=results == uninterrupted)
            jobs.stop(run)
            wait_until(lambda run=run: not jobs.state(run).active)  # type: ignore[misc]
            with suppress(OSError):
                shutil.rmtree(live / "outputs" / "runs" / run)
    print(f"{count['cuts']} power cuts, {count['done']} of them after the run was done")
    for label, value in (
        ("copies with less than was finished at the cut", count["lost"]),
        ("copies with a run that cannot be read completely", count["unreadable"]),
        ("resumed copies", count["resumed"]),
        ("of them with the same results bit for bit", count["same"]),
    ):
        print(f"  {label:50} {value}")


def _execute_uninterrupted(scratch: Path) -> str:
    """Execute a run without a power cut and return its outcome and checksum."""
    outputs = scratch / "uninterrupted"
    outputs.mkdir()
    os.environ["SLEEP_OUTPUTS_DIR"] = str(outputs)
    return _python(_RESUME, outputs, submit(CONFIG))


def _inspect(outputs: Path, run: str, at_cut: Progress) -> Counter[str]:
    """Compare a run after the cut with its progress ``at_cut``; count what is missing."""
    after = json.loads(_python(_READ, outputs)).get(run)
    was_done = at_cut.status == "done"
    if after is None or after["cycles"] < at_cut.cycles:
        lost = True
    else:
        lost = after["status"] != "done" and (was_done or not after["in_queue"])
    unreadable = after is not None and after["problem"] is not None
    if lost or unreadable:
        print(f"  at the cut {at_cut}, after it {after}", flush=True)
    return Counter(done=was_done, lost=lost, unreadable=unreadable)


def _resume(outputs: Path, run: str) -> str | None:
    """Resume a run after the cut; return its outcome and checksum, None if that fails."""
    with suppress(subprocess.CalledProcessError):
        return _python(_RESUME, outputs, run)
    return None


if __name__ == "__main__":
    main()
