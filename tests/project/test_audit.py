"""What `make audit` says, from what pip-audit reports."""

import json
import sys
from typing import Any

from tools.audit import FOUND, NOT_AUDITED, audited, judged

CLEAN: dict[str, Any] = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED: dict[str, Any] = {"name": "scipy", "skip_reason": "not found"}
VULNERABLE: dict[str, Any] = {
    "name": "tornado",
    "version": "6.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1", "6.2"]}],
}


def reporting(text: str, status: int = 0) -> tuple[str, ...]:
    """A command that prints what pip-audit would."""
    return (sys.executable, "-c", f"import sys; print({text!r}); sys.exit({status})")


def test_all_libraries_without_a_vulnerability_are_one_sentence() -> None:
    sentences = ["No known vulnerability in 2 pinned libraries."]
    assert judged([CLEAN, CLEAN]) == (sentences, 0)


def test_a_vulnerability_is_named_with_the_releases_that_mend_it() -> None:
    assert judged([CLEAN, VULNERABLE]) == (["tornado 6.0: PYSEC-1, fixed in 6.1, 6.2."], FOUND)


def test_a_vulnerability_without_a_release_that_mends_it_is_named_too() -> None:
    unmended = {**VULNERABLE, "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
    assert judged([unmended]) == (["tornado 6.0: PYSEC-2, fixed in no release yet."], FOUND)


def test_without_the_service_nothing_passes_for_audited() -> None:
    for libraries in ([], [SKIPPED, SKIPPED]):
        (sentence,), status = judged(libraries)
        assert sentence == "Nothing was audited: the vulnerability service cannot be reached here."
        assert status == NOT_AUDITED


def test_a_library_that_the_service_does_not_know_is_named() -> None:
    (sentence,), status = judged([CLEAN, SKIPPED])
    assert sentence.endswith(": scipy.")
    assert status == NOT_AUDITED
    assert judged([VULNERABLE, SKIPPED])[1] == FOUND


def test_reports_are_read_whatever_the_commands_status() -> None:
    report = json.dumps({"dependencies": [VULNERABLE], "fixes": []})
    assert audited(command=reporting(report, 1)) == [VULNERABLE]


def test_a_command_that_fails_reports_nothing() -> None:
    assert audited(command=reporting("could not connect", 1)) == []
    assert audited(command=(sys.executable, "-m", "no_such_module")) == []
