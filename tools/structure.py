"""Structure of the code: ``python -m tools.structure [FOLDER ...]``.

Print the number of modules per package, the imports that violate the order of the packages, and
the public functions and dataclasses with more than two parameters or fields whose docstring does
not document all of them.
"""

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.support.environment import PROJECT

# From bottom to top: a package may import itself and the packages before it.
CORE_ORDER = (
    "support",
    "data",
    "schedule",
    "model",
    "runs",
    "ensemble",
    "evaluation",
    "training",
    "queue",
    "jobs",
    "engine",
    "cli",
)
# The packages of core that `app` may import.
APP_IMPORTS = ("support", "data", "schedule", "runs", "jobs")
_MANY_PARAMETERS = 3
_ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) : ", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A public function, method or class and its undocumented parameters.

    Attributes
    ----------
    file : str
        Path of the module, relative to the project.
    name : str
        Name of the function or class; a method as ``Class.method``.
    parameters : tuple of str
        Names of the parameters without self and cls, or of the fields of a dataclass.
    undocumented : tuple of str
        Parameters without an entry in numpydoc form.
    """

    file: str
    name: str
    parameters: tuple[str, ...]
    undocumented: tuple[str, ...]


def modules(folder: Path) -> list[Path]:
    """Return all modules below ``folder``, sorted by path."""
    return sorted(path for path in folder.rglob("*.py") if "assets" not in path.parts)


def core_imports(path: Path) -> Iterator[str]:
    """Yield the dotted names of all modules of core that the module ``path`` imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "core":
            yield from (f"core.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("core."))


def imports_against_order() -> list[str]:
    """Return a sentence for each import in core of a package above the importing package."""
    violations = []
    for path in modules(PROJECT / "core"):
        package, *inner = path.relative_to(PROJECT / "core").parts
        if not inner:  # core/api.py and core/__init__.py are above all packages
            continue
        allowed = CORE_ORDER[: CORE_ORDER.index(package) + 1]
        violations += [
            f"{path.relative_to(PROJECT)} imports {name}"
            for name in core_imports(path)
            if name.split(".")[1] not in allowed
        ]
    return violations


def public_functions(path: Path) -> Iterator[Function]:
    """Yield the public functions, methods and classes with more than two parameters or fields."""
    tree = ast.parse(path.read_text("utf-8"))
    file = str(path.relative_to(PROJECT))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function(file, node, "")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _class(file, node)


def _class(file: str, node: ast.ClassDef) -> Iterator[Function]:
    initialisers = [
        part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"
    ]
    fields = [
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        if not part.target.id.startswith("_")
    ]
    parameters = _parameters(initialisers[0]) if initialisers else fields
    if len(parameters) >= _MANY_PARAMETERS:
        yield _checked(file, node.name, parameters, ast.get_docstring(node))
    for part in node.body:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function(file, part, f"{node.name}.")


def _function(
    file: str, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str
) -> Iterator[Function]:
    parameters = _parameters(node)
    if not node.name.startswith("_") and len(parameters) >= _MANY_PARAMETERS:
        yield _checked(file, prefix + node.name, parameters, ast.get_docstring(node))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    variadic = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    names = [argument.arg for argument in (*named, *variadic)]
    return [name for name in names if name not in ("self", "cls")]


def _checked(file: str, name: str, parameters: Sequence[str], docstring: str | None) -> Function:
    documented = {
        parameter.strip().lstrip("*")
        for entry in _ENTRY.findall(docstring or "")
        for parameter in entry.split(",")
    }
    missing = tuple(parameter for parameter in parameters if parameter not in documented)
    return Function(file, name, tuple(parameters), missing)


def main(folders: Sequence[str]) -> int:
    """Print the structure; return 1 if an import or a docstring breaks a rule, else 0."""
    paths = [path for folder in folders for path in modules(PROJECT / folder)]
    packages = Counter(str(path.parent.relative_to(PROJECT)) for path in paths)
    print("Modules per package:")
    for package, count in sorted(packages.items()):
        print(f"  {package:24} {count}")
    violations = imports_against_order()
    print(f"Imports against the order of the packages: {len(violations)}", *violations, sep="\n  ")
    functions = [function for path in paths for function in public_functions(path)]
    missing = [function for function in functions if function.undocumented]
    documented = len(functions) - len(missing)
    print(
        f"Public functions, methods and dataclasses with more than two parameters: "
        f"{len(functions)}; of those {documented} document all of them.",
        *(f"{f.file}: {f.name} lacks {', '.join(f.undocumented)}" for f in missing),
        sep="\n  ",
    )
    return int(bool(violations or missing))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="*", default=["core", "app"])
    raise SystemExit(main(parser.parse_args().folder))
