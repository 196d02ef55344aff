"""Nights as processes of their own: start one, stop one, ask whether it lives.

Deliberately small; a job engine will take its place. A run is a folder that holds the run's log,
``process.json`` (who runs it and what), ``output.txt`` (what it said) and, if it was stopped,
``stopped``.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig
from core.files import write_text

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_RECORD, _OUTPUT, _STOPPED = "process.json", "output.txt", "stopped"
_PROGRESS_BAR = re.compile(r"\d+%\|")

_children: dict[str, subprocess.Popen[bytes]] = {}  # of this server, shared by its sessions


def folder_of(run_id: str) -> Path | None:
    """The folder of a run, None if ``run_id`` is not the name of one (it may come from a URL)."""
    if not _ID.fullmatch(run_id):
        return None
    folder = settings.outputs_dir() / "runs" / run_id
    return folder if folder.is_dir() else None


def command(config: RunConfig, folder: Path) -> list[str]:
    """The command line that sleeps ``config``'s night and writes its log to ``folder``."""
    return [
        *(sys.executable, "-m", "core", "run", "--local"),
        *("--log", str(folder)),
        *("--num-cycles", str(config.num_cycles)),
        *("--start-fraction-rem", str(config.start_fraction_rem)),
        *("--end-fraction-rem", str(config.end_fraction_rem)),
        *("--split", config.split),
    ]


def start(config: RunConfig) -> str:
    """Start ``config``'s night and return its id; raises `OSError` where that is not possible."""
    run_id = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    folder = (settings.outputs_dir() / "runs" / run_id).absolute()  # it starts elsewhere
    folder.mkdir(parents=True)
    with (folder / _OUTPUT).open("wb") as output:
        child = subprocess.Popen(
            command(config, folder),
            cwd=settings.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    _children[run_id] = child
    record = {"pid": child.pid, "config": config.to_dict()}
    write_text(folder / _RECORD, json.dumps(record))
    return run_id


def stop(run_id: str) -> None:
    """End the night's process and mark the run as stopped."""
    folder = folder_of(run_id)
    if folder is None or not alive(run_id):
        return
    (folder / _STOPPED).touch()
    child = _children.get(run_id)
    if child is not None:
        child.terminate()
    else:
        os.kill(_record(folder)["pid"], signal.SIGTERM)


def was_stopped(run_id: str) -> bool:
    """Whether somebody pressed Stop."""
    folder = folder_of(run_id)
    return folder is not None and (folder / _STOPPED).exists()


def alive(run_id: str) -> bool:
    """Whether the run's process is still at work, also when an earlier server started it."""
    child = _children.get(run_id)
    if child is not None:
        return child.poll() is None
    folder = folder_of(run_id)
    pid = _record(folder).get("pid") if folder else None
    if folder is None or not isinstance(pid, int) or pid <= 0:
        return False
    try:
        if Path("/proc/self/cmdline").exists():
            # The number may have gone to another process since; ours names its folder.
            return run_id.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def config_of(run_id: str) -> RunConfig | None:
    """What the run was started with, None where that is not on record."""
    folder = folder_of(run_id)
    try:
        return RunConfig.from_dict(_record(folder)["config"]) if folder else None
    except (KeyError, TypeError, ValueError):
        return None


def last_words(run_id: str) -> str:
    """Why a run failed, as the one line that its process said last."""
    folder = folder_of(run_id)
    output = folder / _OUTPUT if folder else None
    text = output.read_text("utf-8", "replace") if output and output.exists() else ""
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line and not _PROGRESS_BAR.search(line)]
    return said[-1][:300] if said else "The night's process ended too early and gave no reason."


def _record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
