"""Links, paths and names in the documents."""

import re
from importlib.util import find_spec
from pathlib import PurePosixPath

import pytest

from core.support.environment import PROJECT
from tests.project.documents import DOCUMENTS, anchors, code_spans, links, prose, read

_PATH = re.compile(r"(core|app|tests|tools|docs|benchmarks|cached_weights)/[\w./-]*")
_MODULE = re.compile(r"(core|app|tests|tools|benchmarks)(\.\w+)+")
_NAME_IN_FILE = re.compile(r"`(\w+)`\s+(?:in\s+|\()`([\w/]+\.py)`")


def broken_links(name: str, text: str) -> list[str]:
    """Return the relative links in a document at path ``name`` that do not resolve."""
    broken = []
    for link in links(text):
        if re.match(r"https?://|mailto:", link):
            continue
        target, _, anchor = link.partition("#")
        linked = text
        if target:
            path = (PROJECT / PurePosixPath(name).parent / target).resolve()
            if not (path.exists() and path.is_relative_to(PROJECT)):
                broken.append(link)
                continue
            linked = path.read_text("utf-8") if anchor else ""
        if anchor and anchor not in anchors(linked):
            broken.append(link)
    return broken


def test_there_are_documents_with_links() -> None:
    assert {"README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(DOCUMENTS)
    assert any(name.startswith("docs/") for name in DOCUMENTS)
    assert all(links(read(name)) for name in DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_and_anchor_resolves(name: str) -> None:
    assert broken_links(name, read(name)) == []


def test_a_link_to_a_missing_file_or_heading_is_reported() -> None:
    text = "# One heading\n[a](#one-heading) [b](#two) [c](docs/none.md) [d](README.md#none)\n"
    assert broken_links("NEW.md", text) == ["#two", "docs/none.md", "README.md#none"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_in_code_exists(name: str) -> None:
    paths = [span for span in code_spans(read(name)) if _PATH.fullmatch(span)]
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_module_in_code_exists(name: str) -> None:
    modules = [span for span in code_spans(read(name)) if _MODULE.fullmatch(span)]
    assert [module for module in modules if find_spec(module) is None] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/extending.md"])
def test_every_registry_is_defined_in_the_file_that_the_document_names(name: str) -> None:
    definitions = _NAME_IN_FILE.findall(prose(read(name)))
    assert len(definitions) >= 5
    for registry, file in definitions:
        assert re.search(rf"^(class )?{registry}\b", read(file), re.MULTILINE), registry
