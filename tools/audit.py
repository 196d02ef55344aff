"""Look for known vulnerabilities in all that is pinned: ``python -m tools.audit``."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.support.environment import PROJECT

FOUND, NOT_AUDITED = 1, 3
_TIMEOUT_S = 600
_AUDIT = (sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off")


def main() -> int:
    """Audit the lock file and torch's pins; return 0, `FOUND` or `NOT_AUDITED`."""
    pins = re.findall(
        r"^torch(?:vision)?==\S+", (PROJECT / "requirements.txt").read_text("utf-8"), re.M
    )
    with tempfile.TemporaryDirectory() as folder:
        torch = Path(folder) / "torch.txt"
        torch.write_text("\n".join(pins), encoding="utf-8")
        libraries = [
            *audited("--require-hashes", "-r", str(PROJECT / "requirements-dev.lock")),
            *audited("--no-deps", "-r", str(torch)),  # which the lock leaves out
        ]
    sentences, status = judged(libraries)
    print(*sentences, sep="\n", file=sys.stderr if status else sys.stdout)
    return status


def audited(*source: str, command: Sequence[str] = _AUDIT) -> list[dict[str, Any]]:
    """Return what pip-audit reports of each library of ``source``; [] where it can't ask."""
    try:
        done = subprocess.run(
            [*command, "--format=json", *source],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return list(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []


def judged(libraries: Iterable[dict[str, Any]]) -> tuple[list[str], int]:
    """Return sentences on the libraries that pip-audit reported, and the exit status.

    A library that the service does not know counts as not audited: pip-audit skips it and
    succeeds, also where a mirror of the index answers every question with "not found".
    """
    libraries = list(libraries)
    known = [library for library in libraries if "vulns" in library]
    if not known:
        return ["Nothing was audited: the vulnerability service cannot be reached here."], (
            NOT_AUDITED
        )
    found = [
        f"{library['name']} {library['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no release yet'}."
        for library in known
        for vulnerability in library["vulns"]
    ]
    skipped = [library["name"] for library in libraries if "vulns" not in library]
    if skipped:
        found.append(f"Not audited, unknown to the vulnerability service: {', '.join(skipped)}.")
    if any(library["vulns"] for library in known):
        return found, FOUND
    return (
        (found, NOT_AUDITED)
        if skipped
        else (
            [f"No known vulnerability in {len(known)} pinned libraries."],
            0,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
