"""CITATION.cff, LICENSE and CHANGELOG."""

import re
import tomllib
from typing import Any

import yaml

from tests.project.documents import read

CITATION: dict[str, Any] = yaml.safe_load(read("CITATION.cff"))
PROJECT_TABLE = tomllib.loads(read("pyproject.toml"))["project"]
PAPER = "10.1038/s41562-023-01799-z"
GROUPS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_has_the_keys_that_the_format_requires() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    assert all(isinstance(CITATION[key], str) for key in ("message", "title"))
    assert CITATION["authors"]
    assert all(author.get("name") or author.get("family-names") for author in CITATION["authors"])


def test_the_version_is_that_of_the_project() -> None:
    assert str(CITATION["version"]) == PROJECT_TABLE["version"]


def test_the_citation_references_the_paper_that_readme_cites() -> None:
    (reference,) = CITATION["references"]
    assert {"type", "title", "authors", "journal", "year"} <= reference.keys()
    assert reference["doi"] == PAPER
    assert PAPER in read("README.md")


def test_the_licence_is_the_one_that_citation_and_project_name() -> None:
    licence = read("LICENSE")
    assert licence.startswith(f"{CITATION['license']} License\n")
    assert "Copyright (c) 2026 Sleep Schedule Explorer contributors" in licence
    assert PROJECT_TABLE["license"] == CITATION["license"]


def test_the_changelog_keeps_its_format() -> None:
    changelog = read("CHANGELOG.md")
    versions = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert versions[0].startswith("[Unreleased]")
    dates = [re.match(r"\d{4}-\d{2}-\d{2}", version) for version in versions[1:]]
    days = [date[0] for date in dates if date]
    assert len(days) == len(versions) - 1
    assert days == sorted(days, reverse=True)
    assert set(re.findall(r"^### (.+)$", changelog, re.MULTILINE)) <= GROUPS
