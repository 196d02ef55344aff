"""Promises of the documentation that can be checked."""

import re

import pytest

from core.support import environment

_VARIABLE = re.compile(r"\bSLEEP_[A-Z_]*[A-Z]\b")


def test_every_setting_is_documented_and_no_other_is() -> None:
    code = [*environment.PROJECT.glob("core/**/*.py"), *environment.PROJECT.glob("app/**/*.py")]
    read = {name for path in code for name in _VARIABLE.findall(path.read_text("utf-8"))}
    table = re.findall(
        r"^\| `(\w+)` \|", (environment.PROJECT / "docs/hosting.md").read_text(), re.M
    )
    assert len(table) == len(set(table))
    assert {name for name in table if name.startswith("SLEEP_")} == read


def test_the_documented_numbers_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (environment.PROJECT / "docs/hosting.md").read_text()
    rows = re.findall(r"^\| `SLEEP_(\w+)` \| (\d+) \|", text, re.M)
    assert len(rows) >= 10
    for name, default in rows:
        monkeypatch.delenv(f"SLEEP_{name}", raising=False)
        assert getattr(environment, name.lower())() == int(default), name
