"""Commands in the documents: modules exist, options parse, make targets exist."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.cli.arguments import build_parser
from core.support.environment import PROJECT
from tests.project.documents import DOCUMENTS, commands, read

MAKEFILE = read("Makefile")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))


def check_python(words: list[str]) -> None:
    """Raise AssertionError if ``-m MODULE`` cannot be run, or an option of core is unknown."""
    assert words[0] == "-m", words
    module, *arguments = words[1:]
    spec = find_spec(module)
    assert spec is not None, f"no module {module}"
    if spec.submodule_search_locations is not None:
        spec = find_spec(f"{module}.__main__")
        assert spec is not None, f"{module} cannot be run"
    assert spec.origin is not None
    assert '__name__ == "__main__"' in Path(spec.origin).read_text("utf-8"), module
    if module == "core" and arguments:
        assert parser_status(arguments) == 0, f"python -m core {shlex.join(arguments)}"


def parser_status(arguments: list[str]) -> object:
    """Return the exit status of parsing ``arguments`` of ``python -m core``."""
    try:
        build_parser().parse_args(arguments)
    except SystemExit as exited:  # also for --help, with status 0
        return exited.code
    return 0


def check_make(words: list[str]) -> None:
    """Raise AssertionError if one of the targets does not exist."""
    assert {word for word in words if "=" not in word} <= TARGETS, words


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_in_a_document_parses(name: str) -> None:
    for command in commands(read(name)):
        program, *words = shlex.split(command)
        if words:
            (check_python if program == "python" else check_make)(words)


def test_the_documents_show_commands_of_every_kind() -> None:
    shown = [command for name in DOCUMENTS for command in commands(read(name))]
    for start in ("python -m core run", "python -m benchmarks.", "python -m tools.", "make app"):
        assert any(command.startswith(start) for command in shown), start


@pytest.mark.parametrize(
    "command",
    [
        "-m core run --no-such-option",
        "-m core no-such-command",
        "-m benchmarks.no_such_module",
        "-m core.support",  # a package that cannot be run
        "-m core.support.text",  # a module that cannot be run
    ],
)
def test_a_command_that_does_not_work_is_reported(command: str) -> None:
    with pytest.raises(AssertionError):
        check_python(shlex.split(command))


def test_comments_and_variables_are_not_part_of_a_command() -> None:
    text = "```\nA=1 make app PORT=9000   # serve\n```\n`make test` and `python -m core\nrun`\n"
    assert [*commands(text)] == ["make app PORT=9000", "make test", "python -m core run"]


def test_make_help_lists_every_target() -> None:
    described = set(re.findall(r'^\t@echo "make ([\w-]+)', MAKEFILE, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert described == TARGETS - {"help"} == set(phony.split()) - {"help"}


def test_make_targets_start_modules_that_exist() -> None:
    modules = set(re.findall(r"\$\(BIN\)/python -m ([\w.]+)", MAKEFILE)) - {"pip"}
    assert modules
    assert [module for module in modules if find_spec(module) is None] == []
    assert (PROJECT / ".ci" / "run").stat().st_mode & 0o111
