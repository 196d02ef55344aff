"""How the nights in ``runs/`` were recorded: `python -m tests.assets.record` records one more.

Every version of the program must replay them for ever, so none is ever replaced: a new ``SCHEMA``
gets a night of its own. What they came to when they were recorded lies beside them.
"""

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.runs.arrays import StoredArray
from core.runs.events import DreamsMade, Scores
from core.runs.folder import SCHEMA, RunFolder, new_run
from core.runs.log import RunReader
from core.runs.results import summary
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig

RUNS = Path(__file__).parent / "runs"
_OF_THE_MACHINE = ("seconds", "device", "threads", "versions")


def numbers(folder: Path) -> dict[str, Any]:
    """What the log in ``folder`` folds to, as JSON values: results, losses, and every array."""
    events = RunReader(folder).read()
    state = fold(RunState(), events)
    result = {name: of for name, of in summary(state).items() if name not in _OF_THE_MACHINE}
    return {
        "events": [type(event).__name__ for event in events],
        "result": result,
        "losses": [[*epoch.total, *epoch.reconstruction, *epoch.kl] for epoch in state.losses],
        "arrays": _arrays(state),
    }


def _arrays(state: RunState) -> dict[str, Any]:
    found: dict[str, StoredArray] = {}
    for stage in state.stages:
        for number, scores in enumerate((stage.dataset_1, stage.dataset_2), start=1):
            name = f"cycle {stage.cycle} {stage.stage}, dataset {number}"
            found |= {f"{name}, {what}": array for what, array in _per_image(scores).items()}
    found |= {f"cycle {dreams.cycle} dreams": _stored(dreams) for dreams in state.dreams}
    arrays = {name: stored.load() for name, stored in found.items()}
    return {
        name: [array.dtype.str, list(array.shape), math.fsum(array.ravel().tolist())]
        for name, array in arrays.items()
    }


def _per_image(scores: Scores) -> dict[str, Any]:
    return {"error": scores.error_per_image, "recall error": scores.recall_error_per_image}


def _stored(dreams: DreamsMade) -> Any:
    return dreams.images


def record() -> Path:
    """Sleep a small night that is stopped in its second cycle and resumed; the folder it is in."""
    from core.engine.run_execution import execute_run

    with tempfile.TemporaryDirectory() as outputs:
        os.environ["SLEEP_OUTPUTS_DIR"] = outputs
        run = new_run(RunConfig(seeds=(0, 1), num_cycles=2, total_eps=6, num=4), "somebody", 1)
        for event in execute_run(run):
            if isinstance(event, DreamsMade) and event.cycle == 2:
                run.stop.touch()
        run.stop.unlink()
        for _ in execute_run(run):
            pass
        return _keep(run)


def _keep(run: RunFolder) -> Path:
    kept = RUNS / f"schema-{SCHEMA}" / run.id
    passing = (run.lock.name, run.heartbeat.name, run.checkpoints.name)
    shutil.copytree(run.path, kept, ignore=shutil.ignore_patterns(*passing))
    expected = json.dumps(numbers(kept), indent=1) + "\n"
    (kept.parent / "expected.json").write_text(expected, encoding="utf-8")
    return kept


if __name__ == "__main__":
    print(record())
