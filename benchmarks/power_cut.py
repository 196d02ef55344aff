"""What a power cut leaves of runs: ``python -m benchmarks.power_cut [LOOKS]``, as root on Linux.

A file with an ext4 file system is mounted through a loop device, and an engine runs short nights
in it. At random moments, in the middle of a night and just after its end, the file is copied as it
is: that is what a disk holds when the power goes. The copy is mounted elsewhere and the runs in it
are read, by the same code as always. Prints how many looks found less than was finished before the
cut, and resumes some of the copies to compare their end bit for bit with an undisturbed night.

Exits with status 77 and a sentence where loop devices or the rights to mount are missing.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.engines import submit, wait
from core import jobs
from core.queue import engine_state
from core.schedule.config import RunConfig
from core.support.environment import PROJECT

LOOKS = 90
RESUMED_EVERY = 15
NIGHT = RunConfig(split="digits", total_eps=40, num_cycles=8, num=10, device="cpu")
_SKIPPED = 77
_SIZE = 128 * 2**20
_SEEN_S = 0.1  # a line may be seen a moment before it is on disk

_READ = """
import json, sys
from core import jobs
from core.runs.events import DreamsMade, ImagesRecalled, StageEvaluated
from core.runs.log import RunReader
from core.runs.folder import find_run
from core.queue import entries
found = {}
for run in jobs.runs():
    told = {"status": None, "cycles": 0, "wanted": entries.contains(run), "problem": None}
    try:
        now = jobs.state(run)
        problem = now.problem and now.problem.sentence
        told |= {"status": now.status, "cycles": now.state.finished, "problem": problem}
        for event in RunReader(find_run(run).path).read():
            if isinstance(event, DreamsMade):
                event.images.load()
            elif isinstance(event, ImagesRecalled):
                event.dataset_1.load()
            elif isinstance(event, StageEvaluated):
                event.dataset_1.error_per_image.load()
    except Exception as error:
        told["problem"] = f"{type(error).__name__}: {error}"
    found[run] = told
print(json.dumps(found))
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
end = fold(RunState(), RunReader(folder.path).read())
last = max(folder.checkpoints.glob("cycle-*.safetensors"))
told = [(stage.dataset_1.error, stage.dataset_2.error) for stage in end.stages]
print(end.outcome, hashlib.sha256(last.read_bytes() + repr(told).encode()).hexdigest())
"""


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """``image`` as a file system at ``place``, for the block."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        yield place
    finally:
        while _umount(place):  # a process that has just ended may still be in it
            time.sleep(0.2)


def _umount(place: Path) -> int:
    return subprocess.run(["umount", str(place)], stderr=subprocess.DEVNULL, check=False).returncode


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
        wait(lambda: engine_state.current_state().ready)
        yield
    finally:
        process.terminate()
        process.wait()
        wait(lambda: not engine_state.is_alive())


def _moment(run: str, rng: random.Random) -> dict[str, object]:
    """Wait for a moment in the run's night, or just after it; where the run is then."""
    end = time.monotonic() + rng.uniform(0.0, 4.0)
    while time.monotonic() < end and jobs.state(run).status != "done":
        time.sleep(0.02)
    now = jobs.state(run)
    time.sleep(_SEEN_S)
    return {"status": now.status, "cycles": now.state.finished}


def main() -> None:
    looks = int(sys.argv[1]) if len(sys.argv) > 1 else LOOKS
    if os.geteuid() or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        print("skipped: mounting a loop device needs root, mkfs.ext4 and /dev/loop-control")
        sys.exit(_SKIPPED)
    with tempfile.TemporaryDirectory(dir=PROJECT / "outputs") as scratch:
        _main(Path(scratch), looks)


def _main(scratch: Path, looks: int) -> None:
    rng = random.Random(2026)
    image, copy = scratch / "disk.img", scratch / "cut.img"
    count = dict.fromkeys(("done", "lost", "unreadable", "resumed", "same"), 0)
    undisturbed = _undisturbed(scratch)
    with image.open("wb") as file:
        file.truncate(_SIZE)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(image, scratch / "live") as live, _engine(live / "outputs"):
        done = 0
        while done < looks:
            run = submit(NIGHT)
            wait(lambda run=run: jobs.state(run).status in ("running", "done"))  # type: ignore[misc]
            while done < looks:
                before = _moment(run, rng)
                subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
                done += 1
                _look(copy, scratch / "cut", run, before, count)
                if done % RESUMED_EVERY == 0 and before["status"] != "done":
                    _resume(copy, scratch / "cut", run, undisturbed, count)
                if before["status"] == "done":
                    break
            jobs.stop(run)
            wait(lambda run=run: not jobs.state(run).active)  # type: ignore[misc]
            with suppress(OSError):
                shutil.rmtree(live / "outputs" / "runs" / run)
    print(f"{done} power cuts, {count['done']} of them after the run was done")
    print(f"  looks with less than was finished before the cut   {count['lost']}")
    print(f"  looks with a run that cannot be read whole         {count['unreadable']}")
    print(
        f"  resumed after the cut, with the same end bit for bit  {count['same']} of "
        f"{count['resumed']}"
    )


def _undisturbed(scratch: Path) -> str:
    outputs = scratch / "undisturbed"
    outputs.mkdir()
    os.environ["SLEEP_OUTPUTS_DIR"] = str(outputs)
    return _python(_RESUME, outputs, submit(NIGHT))


def _look(
    copy: Path, place: Path, run: str, before: dict[str, object], count: dict[str, int]
) -> None:
    with mounted(copy, place):
        found = json.loads(_python(_READ, place / "outputs")).get(run)
    was_done = before["status"] == "done"
    count["done"] += was_done
    if found is None or found["cycles"] < before["cycles"]:
        lost = True
    else:
        lost = found["status"] != "done" and (was_done or not found["wanted"])
    count["lost"] += lost
    unreadable = found is not None and found["problem"] is not None
    count["unreadable"] += unreadable
    if lost or unreadable:
        print(f"  before the cut {before}, after it {found}", flush=True)


def _resume(copy: Path, place: Path, run: str, undisturbed: str, count: dict[str, int]) -> None:
    with mounted(copy, place):
        count["resumed"] += 1
        with suppress(subprocess.CalledProcessError):  # a run that cannot be resumed
            count["same"] += _python(_RESUME, place / "outputs", run) == undisturbed


if __name__ == "__main__":
    main()
