"""`make audit`: sentences and exit status for a report of pip-audit."""

import json
import sys
from typing import Any

from tools.audit import NOT_AUDITED, VULNERABILITY_FOUND, run_pip_audit, summarise

CLEAN: dict[str, Any] = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED: dict[str, Any] = {"name": "scipy", "skip_reason": "not found"}
VULNERABLE: dict[str, Any] = {
    "name": "tornado",
    "version": "6.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1", "6.2"]}],
}


def printing_command(text: str, status: int = 0) -> tuple[str, ...]:
    """Return a command that prints ``text``, in place of pip-audit, and exits with ``status``."""
    return (sys.executable, "-c", f"import sys; print({text!r}); sys.exit({status})")


def test_libraries_without_vulnerabilities_are_reported_in_one_sentence() -> None:
    sentences = ["No known vulnerability in 2 pinned libraries."]
    assert summarise([CLEAN, CLEAN]) == (sentences, 0)


def test_a_vulnerability_is_reported_with_the_releases_that_fix_it() -> None:
    assert summarise([CLEAN, VULNERABLE]) == (
        ["tornado 6.0: PYSEC-1, fixed in 6.1, 6.2."],
        VULNERABILITY_FOUND,
    )


def test_a_vulnerability_without_a_fixed_release_is_reported() -> None:
    unfixed = {**VULNERABLE, "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
    assert summarise([unfixed]) == (
        ["tornado 6.0: PYSEC-2, fixed in no release yet."],
        VULNERABILITY_FOUND,
    )


def test_without_the_vulnerability_service_no_library_counts_as_audited() -> None:
    for libraries in ([], [SKIPPED, SKIPPED]):
        (sentence,), status = summarise(libraries)
        assert sentence == "Nothing was audited: the vulnerability service cannot be reached here."
        assert status == NOT_AUDITED


def test_a_library_unknown_to_the_service_is_named_in_the_report() -> None:
    (sentence,), status = summarise([CLEAN, SKIPPED])
    assert sentence.endswith(": scipy.")
    assert status == NOT_AUDITED
    assert summarise([VULNERABLE, SKIPPED])[1] == VULNERABILITY_FOUND


def test_a_report_is_read_also_if_the_command_exits_with_an_error() -> None:
    report = json.dumps({"dependencies": [VULNERABLE], "fixes": []})
    assert run_pip_audit(command=printing_command(report, 1)) == [VULNERABLE]


def test_a_command_without_a_report_gives_no_libraries() -> None:
    assert run_pip_audit(command=printing_command("could not connect", 1)) == []
    assert run_pip_audit(command=(sys.executable, "-m", "no_such_module")) == []
