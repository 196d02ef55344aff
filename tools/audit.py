"""Check all pinned libraries for known vulnerabilities: ``python -m tools.audit``."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.support.environment import PROJECT

VULNERABILITY_FOUND, NOT_AUDITED = 1, 3
_TIMEOUT_S = 600
_AUDIT = (sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off")


def main() -> int:
    """Audit all pinned libraries; return 0, `VULNERABILITY_FOUND` or `NOT_AUDITED`."""
    pins = re.findall(
        r"^torch(?:vision)?==\S+", (PROJECT / "requirements.txt").read_text("utf-8"), re.M
    )
    with tempfile.TemporaryDirectory() as folder:
        torch_pins = Path(folder) / "torch.txt"
        torch_pins.write_text("\n".join(pins), encoding="utf-8")
        libraries = [
            *run_pip_audit("--require-hashes", "-r", str(PROJECT / "requirements-dev.lock")),
            *run_pip_audit("--no-deps", "-r", str(torch_pins)),  # not in the lock file
        ]
    sentences, status = summarise(libraries)
    print(*sentences, sep="\n", file=sys.stderr if status else sys.stdout)
    return status


def run_pip_audit(*source: str, command: Sequence[str] = _AUDIT) -> list[dict[str, Any]]:
    """Run pip-audit on ``source``, arguments that name a requirements file.

    Return the report of each library; [] if pip-audit fails or cannot reach the service.
    """
    try:
        process = subprocess.run(
            [*command, "--format=json", *source],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return list(json.loads(process.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []


def summarise(libraries: Iterable[dict[str, Any]]) -> tuple[list[str], int]:
    """Return sentences about the libraries that pip-audit reported, and the exit status.

    A library that the service does not know counts as not audited. pip-audit skips such a library
    and succeeds, even if a mirror of the index answers every request with "not found".
    """
    libraries = list(libraries)
    known = [library for library in libraries if "vulns" in library]
    if not known:
        return ["Nothing was audited: the vulnerability service cannot be reached here."], (
            NOT_AUDITED
        )
    sentences = [
        f"{library['name']} {library['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no release yet'}."
        for library in known
        for vulnerability in library["vulns"]
    ]
    skipped = [library["name"] for library in libraries if "vulns" not in library]
    if skipped:
        sentences.append(
            f"Not audited, unknown to the vulnerability service: {', '.join(skipped)}."
        )
    if any(library["vulns"] for library in known):
        return sentences, VULNERABILITY_FOUND
    if skipped:
        return sentences, NOT_AUDITED
    return [f"No known vulnerability in {len(known)} pinned libraries."], 0


if __name__ == "__main__":
    sys.exit(main())
