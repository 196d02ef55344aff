"""Record a run into ``runs/``: `python -m tests.assets.record`.

All later versions of the program must be able to read the runs there, so no run is ever replaced;
each new ``SCHEMA`` adds one. ``expected.json`` holds the results at the time of recording.
"""

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.runs.events import DreamsMade
from core.runs.folder import SCHEMA, RunFolder, new_run
from core.runs.log import RunReader
from core.runs.measures import Memory
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig

RUNS = Path(__file__).parent / "runs"
_MACHINE_DEPENDENT = ("seconds", "device", "threads", "versions")


def results(folder: Path) -> dict[str, Any]:
    """Return the results, the losses and a summary of each array of a run, as JSON values."""
    events = RunReader(folder).read()
    state = fold(RunState(), events)
    result = {
        name: value for name, value in summary(state).items() if name not in _MACHINE_DEPENDENT
    }
    return {
        "events": [type(event).__name__ for event in events],
        "result": result,
        "losses": [[*epoch.total, *epoch.reconstruction, *epoch.kl] for epoch in state.losses],
        "arrays": _arrays(state),
    }


def _arrays(state: RunState) -> dict[str, Any]:
    """Return the type, shape and sum of each array."""
    stored: dict[str, Any] = {}
    for stage in state.stages:
        for memory in Memory:
            name = f"cycle {stage.cycle} {stage.stage}, dataset {memory.number}"
            scores = memory.scores(stage)
            stored[f"{name}, error"] = scores.error_per_image
            stored[f"{name}, recall error"] = scores.recall_error_per_image
    stored |= {f"cycle {dreams.cycle} dreams": dreams.images for dreams in state.dreams}
    arrays = {name: array.load() for name, array in stored.items()}
    return {
        name: [array.dtype.str, list(array.shape), math.fsum(array.ravel().tolist())]
        for name, array in arrays.items()
    }


def record() -> Path:
    """Run a small night that is stopped in its second cycle and resumed; return its copy."""
    from core.engine.run_execution import execute_run

    with tempfile.TemporaryDirectory() as outputs:
        os.environ["SLEEP_OUTPUTS_DIR"] = outputs
        run = new_run(RunConfig(seeds=(0, 1), num_cycles=2, total_eps=6, num=4), "alice", 1)
        for event in execute_run(run):
            if isinstance(event, DreamsMade) and event.cycle == 2:
                run.stop.touch()
        run.stop.unlink()
        for _ in execute_run(run):
            pass
        return _copy(run)


def _copy(run: RunFolder) -> Path:
    target = RUNS / f"schema-{SCHEMA}" / run.id
    temporary = (run.lock.name, run.heartbeat.name, run.checkpoints.name)
    shutil.copytree(run.path, target, ignore=shutil.ignore_patterns(*temporary))
    expected = json.dumps(results(target), indent=1) + "\n"
    (target.parent / "expected.json").write_text(expected, encoding="utf-8")
    return target


if __name__ == "__main__":
    print(record())
