"""README: its length, its tree of folders, and its links to all documents."""

import re

from tests.project.documents import DOCUMENTS, code_blocks, links, read, tracked_folders

README = read("README.md")
MAX_LINES = 160


def folders_in_tree() -> set[str]:
    """Return the folders in README's tree, relative to the project."""
    (tree,) = (block for block in code_blocks(README) if block.startswith("app/"))
    folders = set()
    parent = ""
    for indent, name in re.findall(r"^( *)(\S+)/(?= )", tree, re.MULTILINE):
        parent = parent if indent else name
        folders.add(f"{parent}/{name}" if indent else name)
    return folders


def test_readme_has_at_most_160_lines() -> None:
    assert len(README.splitlines()) <= MAX_LINES


def test_the_tree_names_exactly_the_folders_of_the_project() -> None:
    shown = {
        folder
        for folder in tracked_folders()
        if "/" not in folder or re.fullmatch(r"(core|app)/[^/]+", folder)
    }
    assert folders_in_tree() == shown


def test_readme_links_to_every_document() -> None:
    assert set(DOCUMENTS) - {"README.md"} <= set(links(README))
